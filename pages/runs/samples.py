"""The fixed validation samples of a run, step by step, at 1:1 pixels."""

import streamlit as st
from PIL import Image

from pipelines.tracking.artifacts import fetch, samples
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo
from sem_models.tasks.table import TASKS
from sem_models.tasks.words import RESTORING, Words

_ONE_TO_ONE_PX = 220


def show_samples(run: RunInfo) -> None:
    """Show one sample at one step; all panels share one display window, that of the truth where there is one."""
    run_id = run.run_id
    stored = samples(run_id)
    if not stored.names or not stored.steps:
        st.caption("The first samples come with the first validation.")
        return
    left, right = st.columns([2, 3])
    name = left.selectbox("Validation image", stored.names, key=f"sample-{run_id}")
    step = stored.steps[-1]
    _follow_latest(f"step-{run_id}", step)
    if len(stored.steps) > 1:
        step = right.select_slider("Training step", stored.steps, key=f"step-{run_id}")
    view = st.segmented_control("View", ["1:1 pixels", "Whole panel"], default="1:1 pixels", key=f"view-{run_id}")
    shown = panels_of(run, stored.panels)
    at_pixels = view == "1:1 pixels"
    # Pictures of a fixed width go on in the next line on a narrow screen.
    places = [st.container(horizontal=True)] * len(shown) if at_pixels else st.columns(len(shown))
    for place, (panel, label) in zip(places, shown.items(), strict=True):
        picture: Image.Image = Image.open(fetch(run_id, stored.path(name, panel, step)))
        caption = f"{label}, step {step}" if panel == "output" else label
        picture = centre(picture) if at_pixels else picture
        place.image(picture, caption=caption, alt=caption, width=picture.width if at_pixels else "content")
    st.caption(_window_of(run, shown))


def _follow_latest(key: str, latest: int) -> None:
    """Go on to a new step if the slider stood at the last one before; else leave it where somebody put it."""
    before = st.session_state.get(f"{key}-latest")
    if st.session_state.get(key) in (None, before):
        st.session_state[key] = latest
    st.session_state[f"{key}-latest"] = latest


def panels_of(run: RunInfo, stored: frozenset[str]) -> dict[str, str]:
    """Name the panels to show; where nothing is enlarged, the bicubic baseline would only repeat the input."""
    panels = _words(run).panels
    if run.params.get("degradation.scale", "1") != "1":
        enlarged = {**panels, "input": f"{panels['input']}, enlarged"}
        return {panel: label for panel, label in enlarged.items() if panel in stored}
    return {panel: label for panel, label in panels.items() if panel in stored - {"floor"}}


def _words(run: RunInfo) -> Words:
    """Return the words of the run's task; runs of earlier versions may not name it."""
    task = TASKS.get(run.tags.get(Tag.TASK, ""))
    return task.words if task else RESTORING


def _window_of(run: RunInfo, shown: dict[str, str]) -> str:
    if display := _words(run).display:
        return display
    reference = "truth" if "target" in shown else "real image" if "real" in shown else "input"
    return f"From the centre of the image; one display window (0.5 to 99.5 % of the {reference}) for all panels."


def centre(picture: Image.Image) -> Image.Image:
    """Cut out the middle, small enough for four of them side by side without scaling."""
    left, top = (max((size - _ONE_TO_ONE_PX) // 2, 0) for size in picture.size)
    return picture.crop(
        (left, top, min(left + _ONE_TO_ONE_PX, picture.width), min(top + _ONE_TO_ONE_PX, picture.height))
    )
