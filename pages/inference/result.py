"""A restored or translated image beside its input, with what changed, and the file."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from pages.widgets.viewer.component import Overlay, ShownDifference, ShownImage, show_viewer
from pipelines.viewing.derived import bicubic, response
from pipelines.viewing.files import fingerprint, open_image, open_input, scale_between
from pipelines.viewing.pyramid import Pyramid

_RECORDED, _BICUBIC = "As recorded", "Bicubic"
_FULL_RESPONSE = 0.5
"""The same for all images: on a scale of its own, an unchanged image would look as changed as any other."""
_RESPONSE_CAPTION = (
    f"Change relative to local contrast, root mean square within about 12 px; full orange is {_FULL_RESPONSE}, the "
    "median {median}. A good refocusing model changes blurred regions and leaves sharp ones."
)
_ABSTENTION_CAPTION = (
    "Orange: left as recorded, {mean_percent} of the image. There, the refocused image, blurred again by the chosen "
    "width, does not give the recorded one back; a smaller width may fit. A specimen that is soft by nature is not "
    "recognised."
)


@dataclass(frozen=True)
class MadeFrom:
    """What an output was made from, and how."""

    source: Path
    page: int
    model: str
    """What the model is called on the page."""
    restored: bool
    """The output has the grey values of the input; else it shows another contrast."""


def show_result(output: Path, made: MadeFrom, abstention: Path | None = None) -> None:
    """Show one output; its changes only where it is the input restored. A model may have written an abstention map."""
    after = open_image(output)
    before = open_input(made.source, made.page, after)
    scale = scale_between(before.width, after.width)
    st.caption(_facts(before, after))
    key = f"{fingerprint(made.source)}|{made.page}|{fingerprint(output)}"
    images = _images(key, before, after, made, scale)
    last = len(images) - 1
    # A model that enlarges is compared with what needs no model, not with repeated pixels, whose steps would dominate.
    reference = _BICUBIC.lower() if scale > 1 else "input"
    changes = [ShownDifference(f"Difference from {reference}", last, last - 1)] if made.restored else []
    overlays = _overlays(key, before, after, made.restored and scale == 1, abstention)
    show_viewer(images, [0, last], "result-viewer", changes, overlays)
    st.download_button("Download the TIFF", output.read_bytes, output.name, "image/tiff", icon=":material/download:")


def _facts(before: Pyramid, after: Pyramid) -> str:
    """Say how large input and output are, and of which type."""
    texts = []
    for label, image in (("Input", before), ("output", after)):
        nm = image.facts.pixel_size_nm
        size = f"{nm:.4g} nm per pixel" if nm else "pixel size unknown"
        texts.append(f"{label} {image.width} x {image.height} px, {size}, {image.facts.dtype}")
    warning = f" Note: {after.facts.scale_warning}." if after.facts.scale_warning else ""
    return f"{'; '.join(texts)}.{warning}"


def _images(key: str, before: Pyramid, after: Pyramid, made: MadeFrom, scale: int) -> list[ShownImage]:
    """List the input, its bicubic enlargement if the output is larger, and the output."""
    units = "grey values" if made.restored else "grey values of the output"
    given = "grey values" if made.restored else "grey values of the input"
    images = [ShownImage(_RECORDED, f"{key}|input", lambda: before, given, measured=True)]
    if scale > 1:
        enlarge = partial(bicubic, key, before, after, scale)
        images.append(ShownImage(f"{_BICUBIC} x{scale}", f"{key}|bicubic", enlarge, given))
    return [*images, ShownImage(made.model, f"{key}|output", lambda: after, units, measured=not made.restored)]


def _overlays(key: str, before: Pyramid, after: Pyramid, changed: bool, abstention: Path | None) -> list[Overlay]:
    found = []
    if changed:
        opening = partial(response, key, before, after)
        found.append(Overlay("Response", f"{key}|response", opening, _FULL_RESPONSE, _RESPONSE_CAPTION))
    if abstention:
        opening = partial(open_image, abstention)
        found.append(Overlay("Left as recorded", fingerprint(abstention), opening, 1.0, _ABSTENTION_CAPTION))
    return found
