"""One test image as input, target and output of each method, in linked panes; computed in the background when asked."""

import contextlib
from functools import partial

import streamlit as st

from pages.compare.choice import GALLERY
from pages.people.session import require_seen
from pages.widgets.tasks import launch, watched
from pages.widgets.viewer.component import ShownDifference, ShownImage, show_viewer
from pipelines.counts import counted
from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.gallery_files import INPUT, TARGET, Picture, gallery_pictures, in_order, missing, usual_choice
from pipelines.evaluate.requests import GalleryRequest
from pipelines.jobs.tasks import task_state
from pipelines.viewing.files import open_image
from sem_models.errors import UserError

_MOST_SHOWN, _MOST_ERRORS = 4, 2


def show_gallery(comparison: Comparison, image: str) -> bool:
    """Show the pictures of an image that are there, and offer to compute the others; return whether there are some."""
    pictures = gallery_pictures(comparison, image)
    known = [picture for picture in pictures if picture.is_there]
    there = in_order(known)
    if there:
        first = [there.index(picture) for picture in usual_choice(known, _MOST_SHOWN)]
        show_viewer(_images(there), first, "compare-viewer", _differences(there))
    wanted = missing(pictures)
    watched(GALLERY)
    if wanted:
        what = "Show this image through every method" if not there else f"Add {counted(len(wanted), 'picture')}"
        if st.button(what, icon=":material/grid_view:", type="primary", key="gallery-start"):
            start_gallery(comparison, image)
            st.rerun()
        st.caption("Input and outputs are computed as in the evaluation and kept; this takes seconds to minutes.")
    return any(picture.method == TARGET for picture in there)


def start_gallery(comparison: Comparison, image: str) -> None:
    """Compute the missing pictures of an image in the background, unless the task of the address still runs."""
    if missing(gallery_pictures(comparison, image)) and not _is_busy():
        runs = tuple(column.model for column in comparison.columns)
        launch(GALLERY, GalleryRequest(run_ids=runs, image=image))


def _is_busy() -> bool:
    task_id = st.query_params.get(GALLERY, "")
    with contextlib.suppress(UserError):
        if task_id:
            task = task_state(task_id)
            require_seen(task, "This task")
            return task.is_live
    return False


def _images(pictures: list[Picture]) -> list[ShownImage]:
    """All share one display window, that of the target."""
    return [
        ShownImage(one.label, one.path.stem, partial(open_image, one.path), measured=one.method == TARGET)
        for one in pictures
    ]


def _differences(pictures: list[Picture]) -> list[ShownDifference]:
    """Offer the errors of the best models against the target; the best stand last."""
    places = {picture.method: place for place, picture in enumerate(pictures)}
    models = [one for one in pictures if not one.is_baseline and one.method not in (INPUT, TARGET)]
    if TARGET not in places:
        return []
    return [
        ShownDifference(f"Error of {one.label}", places[one.method], places[TARGET])
        for one in reversed(models[-_MOST_ERRORS:])
    ]
