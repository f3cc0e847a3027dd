"""Handing a model on: files for other programs, and how to serve it."""

import streamlit as st

from pages.people.files import exports_folder
from pages.widgets.downloads import offer_download
from pages.widgets.tasks import launch, watched
from pipelines.release.cards import ModelCard
from pipelines.release.requests import ExportFormat, ExportRequest
from pipelines.viewing.archive import Archive, below
from pipelines.viewing.downloads import FileDownload

EXPORT = "export"
_FORMATS: dict[ExportFormat, str] = {
    "folder": "Weights and recipe, for Python",
    "onnx": "ONNX",
    "bioimageio": "BioImage.IO package",
}
_ENDINGS: dict[ExportFormat, str] = {"folder": "", "onnx": ".onnx", "bioimageio": ".zip"}
_CLIENT = """\
import base64, json, urllib.request

image = base64.b64encode(open("micrograph.tif", "rb").read()).decode()
body = json.dumps({"inputs": [image]}).encode()
request = urllib.request.Request("http://127.0.0.1:5001/invocations", body, {"Content-Type": "application/json"})
answer = json.load(urllib.request.urlopen(request))
open("restored.tif", "wb").write(base64.b64decode(answer["predictions"][0]["image"]))
"""


def show_export(card: ModelCard) -> None:
    """Offer the files, and say how to serve the model."""
    files, served = st.tabs(["Export", "Serve"])
    with files:
        _export(card)
    with served:
        st.caption("On the machine that has this store, this answers requests over HTTP, on this machine only:")
        st.code(f"sem-workbench serve {card.address} --port 5001", language="bash", wrap_lines=True)
        st.caption("A request holds a TIFF file as base64 text, and so does the answer:")
        st.code(_CLIENT, language="python")


def _export(card: ModelCard) -> None:
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    kind = left.selectbox("Format", list(_FORMATS), format_func=_FORMATS.__getitem__, key="export-format")
    out = exports_folder() / f"{card.ref.name}-v{card.ref.version}{_ENDINGS[kind]}"
    if right.button("Write the files", icon=":material/output:"):
        out.parent.mkdir(parents=True, exist_ok=True)
        launch(EXPORT, ExportRequest(model=card.ref, format=kind, out=out))
        st.rerun()
    watched(EXPORT)
    if out.is_dir():
        packed = Archive(f"{out.name}.zip", below(out.parent, out.iterdir()))
        offer_download(f"Download {packed.name}", packed, EXPORT, "folder_zip")
    elif out.exists():
        offer_download(f"Download {out.name}", FileDownload(out), EXPORT)
    st.caption("ONNX and BioImage.IO files are written only if they give the same numbers as the model here.")
