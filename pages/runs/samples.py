"""The fixed validation samples of a run, step by step: their centres at 1:1 pixels, or whole in the viewer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import streamlit as st
from PIL import Image

from pages.widgets.classes import class_overlay, shown_classes
from pages.widgets.viewer.component import Classes, ShownDifference, ShownImage, show_viewer
from pipelines.data.find import find_dataset
from pipelines.tracking.artifacts import fetch, samples
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo
from pipelines.viewing.files import open_image
from pipelines.viewing.label_maps import open_coloured
from sem_models.datasets.kinds import Role
from sem_models.errors import UserError
from sem_models.images.display import DISTINCT
from sem_models.tasks.table import TASKS
from sem_models.tasks.words import RESTORING, Words

_ONE_TO_ONE_PX = 220
_CENTRES, _WHOLE = "1:1 pixels", "Viewer"
_TRUTHS = ("target", "real")


def show_samples(run: RunInfo) -> None:
    """Show one sample at one step; all panels share one display window, that of the target where there is one."""
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
    view = st.segmented_control("View", [_CENTRES, _WHOLE], default=_CENTRES, key=f"view-{run_id}")
    nm = _pixel_size_nm(run, name) if view == _WHOLE else None
    shown = panels_of(run, stored.panels)
    pictures = {panel: _picture(run_id, stored.path(name, panel, step), label) for panel, label in shown.items()}
    if "output" in pictures:
        pictures["output"] = replace(pictures["output"], label=f"{shown['output']}, step {step}")
    if view == _WHOLE:
        _show_whole(pictures, json.loads(run.params.get("labels", "[]")), nm, f"sample-viewer-{run_id}")
    else:
        # Pictures of a fixed width go on in the next line on a narrow screen.
        with st.container(horizontal=True):
            for picture in pictures.values():
                centred = centre(Image.open(picture.file))
                st.image(centred, caption=picture.label, alt=picture.label, width=centred.width)
    st.caption(_window_of(run, shown, whole=view == _WHOLE))


@dataclass(frozen=True)
class _Picture:
    label: str
    name: str
    """The same for the same pixels; copies of files of a store elsewhere have new paths each time."""
    file: Path


def _picture(run_id: str, path: str, label: str) -> _Picture:
    return _Picture(label, f"{run_id}|{path}", fetch(run_id, path))


def _show_whole(pictures: Mapping[str, _Picture], labels: Sequence[int], nm: float | None, key: str) -> None:
    """Show the samples in the viewer: first two that are grey, with the classes of label maps over the first of them.

    Pictures of so many classes that their colours repeat, or of a run that does not tell its labels, stand below.
    """
    grey = [panel for panel, one in pictures.items() if Image.open(one.file).mode == "L"]
    classes = shown_classes(labels) if len(labels) <= DISTINCT else ()
    viewed = {panel: one for panel, one in pictures.items() if panel in grey or classes}
    places = {panel: place for place, panel in enumerate(viewed)}
    if grey:
        images = [_image(one, panel, () if panel in grey else classes, nm) for panel, one in viewed.items()]
        compared = {"output", "target"} <= set(grey)
        errors = [ShownDifference("Error of the model", places["output"], places["target"])] if compared else []
        maps = [one for panel, one in viewed.items() if panel not in grey]
        over = [class_overlay(one.label, f"{one.name}|over", partial(open_coloured, one.file), classes) for one in maps]
        first = [places[panel] for panel in ("input", "output", "target", "real") if panel in grey][:2]
        show_viewer(images, first or [0], key, errors, over)
    for panel, one in pictures.items():
        if not grey or panel not in viewed:
            st.image(Image.open(one.file), caption=one.label, alt=one.label)


def _image(one: _Picture, panel: str, classes: Classes, nm: float | None) -> ShownImage:
    if classes:
        return ShownImage(one.label, one.name, partial(open_coloured, one.file), "classes", classes=classes)
    opening = partial(open_image, one.file, pixel_size_nm=nm)
    return ShownImage(one.label, f"{one.name}|{nm}", opening, measured=panel in _TRUTHS)


def _pixel_size_nm(run: RunInfo, sample: str) -> float | None:
    """Find the pixel size of the stored pictures of a sample, which is that of its target; they do not state it."""
    try:
        entries = find_dataset(run.tags.get(Tag.DATASET, "")).manifest.entries
    except UserError:
        return None
    roles: tuple[Role, ...] = ("target", "image", "input")
    sizes = (
        entry.array(role).pixel_size_nm
        for entry in entries
        if entry.name == sample
        for role in roles
        if entry.has(role)
    )
    return next(sizes, None)


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


def _window_of(run: RunInfo, shown: dict[str, str], whole: bool) -> str:
    if display := _words(run).display:
        return display
    reference = "target" if "target" in shown else "real image" if "real" in shown else "input"
    window = f"one display window (0.5 to 99.5 % of the {reference})"
    if whole:
        return f"Pictures of 8 bits as they were stored, cut to {window}: for looking, not for measuring."
    return f"From the centre of the image; {window} for all panels."


def centre(picture: Image.Image) -> Image.Image:
    """Cut out the middle, small enough for four of them side by side without scaling."""
    left, top = (max((size - _ONE_TO_ONE_PX) // 2, 0) for size in picture.size)
    return picture.crop(
        (left, top, min(left + _ONE_TO_ONE_PX, picture.width), min(top + _ONE_TO_ONE_PX, picture.height))
    )
