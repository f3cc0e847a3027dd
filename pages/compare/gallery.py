"""One test image as input, target and output of each method, in linked panes; computed in the background when asked."""

from functools import partial

import streamlit as st

from pages.compare.choice import GALLERY
from pages.widgets.tasks import launch, watched
from pages.widgets.viewer.component import ShownDifference, ShownImage, show_viewer
from pipelines.counts import counted
from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.gallery_files import INPUT, TARGET, Picture, gallery_pictures, in_order, missing, usual_choice
from pipelines.evaluate.requests import GalleryRequest
from pipelines.viewing.files import open_image

_MOST_SHOWN = 4


def show_gallery(comparison: Comparison, image: str) -> bool:
    """Show the pictures of an image that are there, and offer to compute the others; return whether there are some."""
    pictures = gallery_pictures(comparison, image)
    there = [picture for picture in in_order(pictures) if picture.is_there]
    if there:
        show_viewer(_images(there), _first_shown(there), "compare-viewer", _differences(there))
    wanted = missing(pictures)
    watched(GALLERY)
    if wanted:
        what = "Show this image through every method" if not there else f"Add {counted(len(wanted), 'picture')}"
        runs = tuple(column.model for column in comparison.columns)
        if st.button(what, icon=":material/grid_view:", type="primary", key="gallery-start"):
            launch(GALLERY, GalleryRequest(run_ids=runs, image=image))
            st.rerun()
        st.caption("Input and outputs are computed as in the evaluation and kept; this takes seconds to minutes.")
    return any(picture.method == TARGET for picture in there)


def _images(pictures: list[Picture]) -> list[ShownImage]:
    """All share one display window, that of the target."""
    return [
        ShownImage(one.label, one.path.stem, partial(open_image, one.path), measured=one.method == TARGET)
        for one in pictures
    ]


def _first_shown(pictures: list[Picture]) -> list[int]:
    chosen = usual_choice(pictures, _MOST_SHOWN)
    return [place for place, picture in enumerate(pictures) if picture in chosen]


def _differences(pictures: list[Picture]) -> list[ShownDifference]:
    """Offer the error of each model against the target."""
    methods = [picture.method for picture in pictures]
    if TARGET not in methods:
        return []
    target = methods.index(TARGET)
    return [
        ShownDifference(f"Error of {picture.label}", place, target)
        for place, picture in enumerate(pictures)
        if picture.method not in (INPUT, TARGET) and not picture.is_baseline
    ]
