# Restores the current image of Fiji with a model that `sem-workbench serve` serves.
#
# Copy this file into Fiji.app/plugins and restart Fiji: it appears as Plugins > SEM Workbench. It is Jython, that is
# Python 2.7; it must stay valid in Python 3 as well, in which it is tested.
#
#@ ImagePlus imp
#@ String(label="Server", value="http://localhost:5001") address
#@ String(label="Token", value="", style="password", required=false, persist=false) token
#@ Boolean(label="Average over flips and turns", value=false) ensemble

import base64
import json
import os
import tempfile

try:
    from urllib2 import HTTPError, Request, urlopen
except ImportError:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen


def ask(address, token, content, parameters):
    """Send the content of a TIFF file; returns that of the answer. Raises an IOError with the server's reason."""
    body = json.dumps({"inputs": [base64.b64encode(content).decode("ascii")], "params": parameters})
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = "Bearer " + token
    try:
        answer = urlopen(Request(address.rstrip("/") + "/invocations", body.encode("utf-8"), headers), timeout=120)
    except HTTPError as error:
        raise IOError(reason(error))
    row = json.loads(answer.read().decode("utf-8"))["predictions"][0]
    return base64.b64decode(row["image"])


def reason(error):
    """Return what the server says about an error."""
    try:
        return json.loads(error.read().decode("utf-8"))["message"]
    except ValueError:
        return "the server answered %s" % error.code


def restored(image, ij, address, token, parameters):
    """Restore an image; returns the new one, which has the scale of the answer. `ij` is ImageJ's module `ij`."""
    folder = tempfile.mkdtemp()
    given, made = os.path.join(folder, "given.tif"), os.path.join(folder, "restored.tif")
    try:
        ij.IJ.saveAsTiff(image.duplicate(), given)
        with open(given, "rb") as opened:
            content = opened.read()
        answer = ask(address, token, content, parameters)
        with open(made, "wb") as opened:
            opened.write(answer)
        result = ij.IJ.openImage(made)
    finally:
        for path in (given, made):
            if os.path.exists(path):
                os.remove(path)
        os.rmdir(folder)
    result.setTitle(image.getTitle() + " restored")
    calibration = image.getCalibration().copy()
    calibration.pixelWidth *= image.getWidth() / float(result.getWidth())
    calibration.pixelHeight *= image.getHeight() / float(result.getHeight())
    result.setCalibration(calibration)
    return result


def run(image, ij, address, token, ensemble):
    """Restore the image and show the result, or say what is wrong."""
    if image.getNSlices() * image.getNFrames() * image.getNChannels() > 1 or image.getBitDepth() == 24:
        ij.IJ.error("SEM Workbench", "Select a single grey image (Image > Type, Image > Duplicate).")
        return
    try:
        restored(image, ij, address, token, {"self_ensemble": bool(ensemble)}).show()
    except IOError as error:
        ij.IJ.error("SEM Workbench", "%s" % error)


if __name__ in ("__main__", "__builtin__"):
    import ij as imagej

    run(imp, imagej, address, token, ensemble)  # noqa: F821  (Fiji fills in the parameters)
