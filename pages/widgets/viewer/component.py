"""The viewer on a page."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.people.session import signed_in
from pages.widgets.viewer.assets import FOLDER, VERSION
from pages.widgets.viewer.prefix import url_prefix
from pipelines.viewing.tickets import OFFICE, Opening, Ticket

_component = st.components.v2.component(
    "sem_viewer",
    html='<div class="sem-viewer" role="region" aria-label="Image viewer"></div>',
    css=(FOLDER / "viewer.css").read_text(),
    js=(FOLDER / "component.js").read_text(),
)


@dataclass(frozen=True)
class ShownImage:
    """An image of the field; all images of a viewer show the same field, at any number of pixels."""

    label: str
    name: str
    """Names the pixels: another name means other pixels."""
    opening: Opening
    """Opens the image when it is first looked at."""
    units: str = "grey values"
    """Images with the same units share a display window."""
    measured: bool = False
    """The window at first is that of the measured images, or of all with the same units if there are none."""


@dataclass(frozen=True)
class ShownDifference:
    """One image minus another of the same size, given by their places in the list of images."""

    label: str
    of: int
    minus: int


@dataclass(frozen=True)
class Overlay:
    """A map that can be laid over the first picture, in orange."""

    label: str
    name: str
    opening: Opening
    full: float
    """Value from which on orange hides the picture, at full strength."""
    caption: str
    """Shown below; `{median}` and `{mean_percent}` are replaced by those of the map."""


def show_viewer(
    images: Sequence[ShownImage],
    shown: Sequence[int],
    key: str,
    differences: Sequence[ShownDifference] = (),
    overlays: Sequence[Overlay] = (),
) -> None:
    """Show images of one field with what can be laid over them.

    Args:
        images: The images.
        shown: Which pictures are shown at first: places in the list of images, followed by the differences.
        key: Names the viewer among those of the page.
        differences: Differences of two images.
        overlays: Maps over the first picture.
    """
    prefix = url_prefix()
    tickets = _tickets(key, [*images, *overlays])
    addresses = [f"{prefix}/view/{ticket.token}" for ticket in tickets]
    data = {
        "assets": f"{prefix}/viewer/{VERSION}",
        "images": [
            {"address": address, "label": image.label, "units": image.units, "measured": image.measured}
            for image, address in zip(images, addresses, strict=False)
        ],
        "differences": [{"label": one.label, "of": one.of, "minus": one.minus} for one in differences],
        "overlays": [
            {"address": address, "label": one.label, "full": one.full, "caption": one.caption}
            for one, address in zip(overlays, addresses[len(images) :], strict=True)
        ],
        "shown": list(shown),
    }
    _component(data=data, key=key)


def _tickets(key: str, images: Sequence[ShownImage | Overlay]) -> list[Ticket]:
    """Keep the tickets of this session for as long as the viewer shows the same images."""
    slot = f"viewer-tickets-{key}"
    held: dict[str, Ticket] = st.session_state.get(slot, {})
    tickets = {image.name: held.get(image.name) or OFFICE.issue(image.opening, signed_in()) for image in images}
    st.session_state[slot] = tickets
    return [tickets[image.name] for image in images]
