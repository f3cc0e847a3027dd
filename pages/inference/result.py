"""A restored or translated image beside its input, with what changed, and the file."""

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.widgets.downloads import offer_download
from pages.widgets.viewer.component import Overlay, ShownDifference, ShownImage, show_viewer
from pipelines.counts import dtype_text
from pipelines.viewing.derived import bicubic, contradicting, contradiction, response
from pipelines.viewing.downloads import FileDownload
from pipelines.viewing.files import fingerprint, open_image, open_input, scale_between
from pipelines.viewing.pyramid import Pyramid

if TYPE_CHECKING:
    from sem_models.evaluation.data_consistency import KnownForward

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


_FULL_CONTRADICTION = 4.0
_UNSURE = 0.1
"""Standard deviation that hides the picture, as a fraction of the display window of the input; the same for all
images."""


_UNSURE_CAPTION = (
    "Standard deviation of the output; full orange is {full:.4g} grey values, a tenth of the display window of the "
    "input, the median {{median}}. {source}"
)
_STATED = (
    "The model states it: of images like those it learned from, nine of ten pixels lie within 1.64 standard "
    "deviations of the true value."
)
_SPREAD = (
    "It is the spread over orientations of the input: errors that the model repeats in all of them are not seen, so "
    "the true error is larger."
)
_OVER_MODELS = (
    "It is the spread over {members} models: errors that they have in common, because they learned from the same "
    "images, are not seen, so the true error is larger."
)
_CONTRADICTION_CAPTION = (
    "1 where {words} differs from the input by white noise only; full orange is 4, the median {{median}}. Where it is "
    "above 2, structure was removed or invented, or the noise is correlated."
)


@dataclass(frozen=True)
class StdSource:
    """Where the standard deviation of an output comes from."""

    is_learned: bool = False
    """The model states it; else it is a spread."""
    members: int = 0
    """Number of models that it is the spread of; 0: of one model over orientations."""

    @property
    def words(self) -> str:
        """What it is worth."""
        if self.is_learned:
            return _STATED
        return _OVER_MODELS.format(members=self.members) if self.members else _SPREAD


@dataclass(frozen=True)
class MadeFrom:
    """What an output was made from, and how."""

    source: Path
    page: int
    model: str
    """What the model is called on the page."""
    restored: bool
    """The output has the grey values of the input; else it shows another contrast."""
    forward: "KnownForward | None" = None
    """How the input follows from what the model returns; None: unknown."""
    std: StdSource = StdSource()
    """Where its standard deviation comes from."""


@dataclass(frozen=True)
class Beside:
    """Maps that were written beside an output."""

    abstention: Path | None = None
    """Where the model left the input as it was."""
    std: Path | None = None
    """Standard deviation of the output, in its grey values."""


def show_result(output: Path, made: MadeFrom, beside: Beside = Beside()) -> None:
    """Show one output with what can be known about it; its changes only where it is the input restored."""
    after = open_image(output)
    before = open_input(made.source, made.page, after)
    scale = scale_between(before.width, after.width)
    st.caption(_facts(before, after))
    if made.forward:
        st.caption(_consistency(before, after, made.forward))
    key = f"{fingerprint(made.source)}|{made.page}|{fingerprint(output)}"
    images = _images(key, before, after, made, scale)
    last = len(images) - 1
    # A model that enlarges is compared with what needs no model, not with repeated pixels, whose steps would dominate.
    reference = _BICUBIC.lower() if scale > 1 else "input"
    changes = [ShownDifference(f"Difference from {reference}", last, last - 1)] if made.restored else []
    overlays = [replace(overlay, on=last) for overlay in _overlays(key, before, after, made, beside)]
    show_viewer(images, [0, last], "result-viewer", changes, overlays)
    with st.container(horizontal=True):
        _offer("Download the TIFF", output, f"{output.stem}_{_in_name(made.model)}{output.suffix}")
        if beside.std:
            _offer("Download the standard deviation", beside.std, beside.std.name)


def _offer(label: str, file: Path, name: str) -> None:
    offer_download(label, FileDownload(file, "image/tiff", name), label)


def _in_name(model: str) -> str:
    """Write the name of a model for a file, which then cannot be taken for the recording beside it."""
    return re.sub(r"[^\w.@-]+", "-", model).strip("-")


def _consistency(before: Pyramid, after: Pyramid, forward: "KnownForward") -> str:
    """Say in how much of the image the output contradicts the input."""
    share = contradicting(before, after, forward)
    return (
        f"Data consistency: in {100 * share:.1f} % of the image {forward.words} differs from the input by more than "
        "white noise (see the overlay of that name)."
    )


def _facts(before: Pyramid, after: Pyramid) -> str:
    """Say how large input and output are, and of which type."""
    texts = []
    for label, image in (("Input", before), ("output", after)):
        nm = image.facts.pixel_size_nm
        size = f"{nm:.4g} nm per pixel" if nm else "pixel size unknown"
        texts.append(f"{label} {image.width} x {image.height} px, {size}, {dtype_text(image.facts.dtype)}")
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


def _overlays(key: str, before: Pyramid, after: Pyramid, made: MadeFrom, beside: Beside) -> list[Overlay]:
    found = []
    if beside.std:
        low, high = before.summary.window
        full = _UNSURE * (high - low)
        caption = _UNSURE_CAPTION.format(full=full, source=made.std.words)
        opening = partial(open_image, beside.std)
        found.append(Overlay("Standard deviation", fingerprint(beside.std), opening, full, caption))
    if made.forward:
        opening = partial(contradiction, key, before, after, made.forward)
        caption = _CONTRADICTION_CAPTION.format(words=made.forward.words)
        found.append(Overlay("Data consistency", f"{key}|contradiction", opening, _FULL_CONTRADICTION, caption))
    if made.restored and before.width == after.width:
        opening = partial(response, key, before, after)
        found.append(Overlay("Response", f"{key}|response", opening, _FULL_RESPONSE, _RESPONSE_CAPTION))
    if beside.abstention:
        opening = partial(open_image, beside.abstention)
        found.append(Overlay("Left as recorded", fingerprint(beside.abstention), opening, 1.0, _ABSTENTION_CAPTION))
    return found
