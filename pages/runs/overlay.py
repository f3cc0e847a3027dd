"""Several runs together: their curves in one chart each, and their validation samples beside each other."""

from dataclasses import replace

import streamlit as st
from PIL import Image

from pages.charts.curves import CurveStyle, Points, curve_figure
from pages.people.redrawn import redrawn
from pages.people.session import seen
from pages.runs.names import curve_name
from pages.runs.samples import centre
from pages.runs.style import chosen_style
from pages.widgets.words import as_text, in_chart
from pipelines.tracking.artifacts import Samples, fetch, samples
from pipelines.tracking.metrics import curves_of_run
from pipelines.tracking.overlay import MOST, common_samples, find_runs, latest_step, shared_curves, telling_names
from pipelines.tracking.runs import list_runs
from sem_models.tasks.table import VALIDATION_SCORES

_PERIOD_S = 5.0
_OF_SEVERAL_SIZES = (
    "The outputs of these runs differ in size, as they enlarge by different factors or were validated on other crops. "
    "Each size has its own row and its own input: the same structure is not equally large in them, so compare outputs "
    "within a row."
)


def show_overlay(address: str) -> None:
    """Show the runs that an address names."""
    found, unknown = find_runs(address, seen(list_runs(kind="training")))
    for part in unknown:
        st.warning(f"There is no run {as_text(part)} in this store.")
    runs = found[:MOST]
    if len(found) > MOST:
        st.info(f"The first {MOST} of {len(found)} runs are shown: more colours could not be told apart.")
    if not runs:
        return
    names = telling_names(runs)
    live = any(run.status in ("RUNNING", "SCHEDULED") for run in runs)
    style = chosen_style("overlay")
    shared = shared_curves(runs)
    usual = [score.metric for score in VALIDATION_SCORES]
    totals = [key for key in shared.keys if key.startswith("train/")]
    keys = st.multiselect(
        "Curves", list(shared.keys), shared.first([*totals[:1], *usual]), key="overlay-keys",
        format_func=curve_name, help="Losses, validation scores, speed, waiting for data, and memory.",
    )  # fmt: skip
    redrawn(_charts, _PERIOD_S if live else None, list(names))(names, keys, style)
    st.subheader("Validation samples")
    redrawn(_samples, _PERIOD_S if live else None, list(names))(names)


def _charts(names: dict[str, str], keys: list[str], style: CurveStyle) -> None:
    columns = st.columns(2)
    for index, key in enumerate(keys):
        series: dict[str, Points] = {name: curves_of_run(run_id).points(key) for run_id, name in names.items()}
        shown = style if key.startswith("train/") else replace(style, log_y=False)
        with columns[index % 2]:
            st.markdown(f"**{curve_name(key)}**")
            drawn = {in_chart(name): points for name, points in series.items() if points}
            st.plotly_chart(curve_figure(drawn, curve_name(key), style=shown), key=f"overlay-{key}")
            if without := [name for name, points in series.items() if not points]:
                st.caption(f"Not recorded by {', '.join(map(as_text, without))}.")


def _samples(names: dict[str, str]) -> None:
    """Show one validation image at one step: input, target, and the output of each run at its last step before."""
    stored = {run_id: samples(run_id) for run_id in names}
    pictured = {run_id: one for run_id, one in stored.items() if one.names and one.steps}
    images, steps = common_samples(pictured)
    if not images:
        st.caption("These runs have no validation image in common.")
        return
    left, right = st.columns([2, 3])
    name = left.selectbox("Validation image", images, key="overlay-image")
    step = steps[-1]
    if len(steps) > 1:
        step = right.select_slider("Training step", steps, value=steps[-1], key="overlay-step")
    alike = _by_size(pictured, name)
    for (width, height), of_size in alike.items():
        shown = [*_fixed(of_size, name), *_outputs(of_size, names, name, step)]
        if len(alike) > 1:
            st.markdown(f"**{width} x {height} px**")
        with st.container(horizontal=True):
            for picture, caption in shown:
                st.image(picture, caption=as_text(caption), alt=caption, width=picture.width)
    if len(alike) > 1:
        st.caption(_OF_SEVERAL_SIZES)
    st.caption("From the centre of the image, one pixel on one pixel; the panels of a run share one display window.")


def _by_size(stored: dict[str, Samples], name: str) -> dict[tuple[int, int], dict[str, Samples]]:
    """Put runs together whose outputs of an image have the same width and height, in px."""
    alike: dict[tuple[int, int], dict[str, Samples]] = {}
    for run_id, one in stored.items():
        with Image.open(fetch(run_id, one.path(name, "output", one.steps[-1]))) as picture:
            alike.setdefault(picture.size, {})[run_id] = one
    return alike


def _fixed(stored: dict[str, Samples], name: str) -> list[tuple[Image.Image, str]]:
    run_id, one = next(iter(stored.items()))
    labels = {"input": "Input", "target": "Target"}
    return [
        (centre(Image.open(fetch(run_id, one.path(name, panel, 0)))), label)
        for panel, label in labels.items()
        if panel in one.panels
    ]


def _outputs(stored: dict[str, Samples], names: dict[str, str], name: str, step: int) -> list[tuple[Image.Image, str]]:
    found = []
    for run_id, one in stored.items():
        own = latest_step(one, step)
        if own is not None:
            picture = centre(Image.open(fetch(run_id, one.path(name, "output", own))))
            found.append((picture, f"{names[run_id]}, step {own}"))
    return found
