"""The viewer on a page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

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
class ShownClass:
    """A class of a label map."""

    name: str
    colour: str
    """`#rrggbb`."""


Classes = tuple[ShownClass, ...]
"""In the order of their indices."""


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
    classes: Classes = ()
    """Of a label map, whose values are class indices; empty for an image."""


@dataclass(frozen=True)
class ShownDifference:
    """One image minus another of the same size, given by their places in the list of images."""

    label: str
    of: int
    minus: int


@dataclass(frozen=True)
class Overlay:
    """A map that can be laid over a picture, in orange."""

    label: str
    name: str
    opening: Opening
    full: float
    """Value from which on orange hides the picture, at full strength."""
    caption: str
    """Shown below; `{median}` and `{mean_percent}` are replaced by those of the map."""
    on: int = 0
    """Place in the list of the image that it is about; it lies on the first picture where that image is not shown."""


@dataclass(frozen=True)
class ClassOverlay:
    """A label map over the first picture, which stays bare where the class is 0."""

    label: str
    name: str
    opening: Opening
    """Opens class indices."""
    classes: Classes
    caption: str


def show_viewer(
    images: Sequence[ShownImage],
    shown: Sequence[int],
    key: str,
    differences: Sequence[ShownDifference] = (),
    overlays: Sequence[Overlay | ClassOverlay] = (),
) -> None:
    """Show images of one field with what can be laid over them.

    Args:
        images: The images.
        shown: Which pictures are shown at first: places in the list of images, followed by the differences.
        key: Names the viewer among those of the page.
        differences: Differences of two images.
        overlays: Maps over a picture; if the first of them shows classes, it is there from the beginning.
    """
    prefix = url_prefix()
    tickets = _tickets(key, [*images, *overlays])
    addresses = [f"{prefix}/view/{ticket.token}" for ticket in tickets]
    data = {
        "assets": f"{prefix}/viewer/{VERSION}",
        "images": [
            {
                "address": address,
                "label": image.label,
                "units": image.units,
                "measured": image.measured,
                "classes": _told(image.classes),
            }
            for image, address in zip(images, addresses, strict=False)
        ],
        "differences": [{"label": one.label, "of": one.of, "minus": one.minus} for one in differences],
        "overlays": [
            {"address": address, "label": one.label, "caption": one.caption, **_painted(one)}
            for one, address in zip(overlays, addresses[len(images) :], strict=True)
        ],
        "shown": list(shown),
    }
    _component(data=data, key=key)


def _painted(overlay: Overlay | ClassOverlay) -> dict[str, object]:
    if isinstance(overlay, ClassOverlay):
        return {"classes": _told(overlay.classes)}
    return {"full": overlay.full, "on": overlay.on}


def _told(classes: Classes) -> list[dict[str, str]] | None:
    return [asdict(one) for one in classes] or None


def _tickets(key: str, images: Sequence[ShownImage | Overlay | ClassOverlay]) -> list[Ticket]:
    """Keep the tickets of this session for as long as the viewer shows the same images."""
    slot = f"viewer-tickets-{key}"
    held: dict[str, Ticket] = st.session_state.get(slot, {})
    tickets = {image.name: held.get(image.name) or OFFICE.issue(image.opening, signed_in()) for image in images}
    st.session_state[slot] = tickets
    return [tickets[image.name] for image in images]
