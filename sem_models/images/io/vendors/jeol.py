"""JEOL: XML in the TIFF description (TEM stations), or a text file beside the image (SEM, `$CM_` lines)."""

import re
from pathlib import Path
from xml.etree import ElementTree

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, aspect_of, degrees, known, moment, number, scaled
from sem_models.images.io.vendors.resolution import LARGEST_BELIEVED_NM
from sem_models.images.units import to_nm


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if the page is not from a JEOL instrument."""
    text = str(page.description or "")
    if "<TemReporter" in text[:400]:
        return _from_xml(text)
    name = page.parent.filehandle.path
    return side_car(Path(name)) if name else None


def _from_xml(text: str) -> Facts | None:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (entities are refused above)
    except ElementTree.ParseError:
        return None
    per_metre = _first_number(root, "PixelsPerMeter")
    metadata = known(
        instrument=root.findtext(".//Instruments") or "",
        voltage_kv=scaled(root.findtext(".//AccelerationVoltage"), 1e-3),
        detector=root.findtext(".//ImageSourceDetector") or "",
        manufacturer=root.findtext("Manufacturer") or "",
        stage_tilt_deg=degrees(root.findtext(".//GonioStage/StagePosition/TX")),
        acquired=moment(root.findtext("DateTime") or ""),
    )
    size = 1e9 / per_metre if per_metre else None
    # Some stations write the pixel pitch of the camera sensor here; no TEM image has pixels of micrometres.
    down = number(root.findtext(".//PixelsPerMeter/Vertical"))
    believed = size if size and size < LARGEST_BELIEVED_NM else None
    return Facts(believed, metadata, pixel_aspect=aspect_of(down, per_metre))


def _first_number(root: ElementTree.Element, name: str) -> float | None:
    for element in root.iter(name):
        for part in element.iter():
            value = number((part.text or "").strip())
            if value:
                return value
    return None


def side_car(image: Path) -> Facts | None:
    """Read the facts from `IMAGE.txt` beside `IMAGE.tif` or `IMAGE.bmp`; None if there is no JEOL file of that name."""
    path = image.with_suffix(".txt")
    if not path.is_file() or path.stat().st_size > 1_000_000:
        return None
    lines = dict(re.findall(r"^\$+(\w+)\s+(.+?)\s*$", path.read_text(errors="replace"), re.MULTILINE))
    if not any(key.startswith(("CM_", "SM_")) for key in lines):
        return None
    metadata = known(
        instrument=lines.get("CM_INSTRUMENT", ""),
        detector=lines.get("CM_SIGNAL", ""),
        voltage_kv=number(lines.get("CM_ACCEL_VOLT")),
        working_distance_mm=number(lines.get("SM_WD")),
        magnification=number(lines.get("CM_MAG")),
        acquired=moment(f"{lines.get('CM_DATE', '')} {lines.get('CM_TIME', '')}", "%Y/%m/%d %H:%M:%S"),
    )
    return Facts(_micron_bar_nm(lines), metadata)


def _micron_bar_nm(lines: dict[str, str]) -> float | None:
    """Return the pixel size in nm from the scale bar: the length written beside it over its length in pixels."""
    pixels = number(lines.get("SM_MICRON_BAR"))
    marker = re.fullmatch(r"([\d.]+)\s*([a-zA-Z\u00b5\u03bc]+)", lines.get("SM_MICRON_MARKER", ""))
    if not pixels or not marker:
        return None
    return to_nm(float(marker[1]), marker[2]) / pixels
