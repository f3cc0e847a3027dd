"""Curves of a run that may still be training."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import streamlit as st

from pages.charts.curves import LOGARITHMIC, PLAIN, CurveStyle, KeptFigures, Points
from pages.runs.style import chosen_style
from pages.widgets.words import as_text, on_page
from pipelines.jobs import queue
from pipelines.progress import duration
from pipelines.tracking.keys import Tag
from pipelines.tracking.metrics import GrowingCurves, curves_of_run
from pipelines.tracking.runs import RunInfo, get_run, run_warnings
from sem_models.config.methods import method_facts
from sem_models.config.validation_scores import ValidationScore
from sem_models.tasks.super_resolution import SUPER_RESOLUTION
from sem_models.tasks.table import TASKS, VALIDATION_SCORES

STEPS_PER_S: Final = "speed/steps_per_s"
WAITING_MS: Final = "speed/data_ms"
MEMORY_MIB: Final = "speed/memory_mib"
_VARIETY = {
    "contrast": "correlation with the target",
    "diversity": "diversity",
    "input_correlation": "correlation with the input",
}
"""Curves that show whether outputs follow their inputs, by the names under which runs store them."""


def show_curves(run_id: str) -> None:
    """Show progress, loss and validation score; drawn again while the run is training."""
    run = get_run(run_id)
    for warning in run_warnings(run_id):
        st.warning(on_page(warning), icon=":material/monitor_heart:")
    curves, figures = curves_of_run(run_id), _figures(run_id)
    losses = {key.removeprefix("train/"): curves.points(key) for key in _loss_keys(dict(run.metrics))}
    shown = shown_score(run)
    score, baseline = curves.points(shown.metric), curves.points(shown.baseline_metric)
    style = chosen_style(run_id)
    left, right = st.columns(2)
    with left:
        st.markdown("**Terms of the loss**, weighted")
        if losses:
            _draw(figures, "loss", run_id, losses, "loss", style=style)
        else:
            st.caption("No step yet.")
    with right:
        st.markdown(f"**{shown.title}**{shown.detail}")
        if score:
            _draw(figures, "psnr", run_id, {"model": score}, shown.axis, baseline, replace(style, log_y=False))
        else:
            st.caption("No validation yet.")
        if shown.note:
            st.caption(shown.note)
    _health(curves, figures, run_id, dict(run.metrics))
    _speed(curves, figures, run_id, style)
    if run.status not in ("RUNNING", "SCHEDULED") and st.session_state.pop(f"live-{run_id}", False):
        st.rerun()
    st.session_state[f"live-{run_id}"] = run.status in ("RUNNING", "SCHEDULED")


def shown_score(run: RunInfo) -> ValidationScore:
    """Return what the validation of a run shows; before the first one, what its task and method lead to expect."""
    known = next((score for score in VALIDATION_SCORES if score.metric in run.metrics), None)
    task = TASKS.get(run.tags.get(Tag.TASK, ""), SUPER_RESOLUTION)
    return known or task.usual_score(method_facts(run.params.get("method")))


def _figures(run_id: str) -> KeptFigures:
    """Return what this session has drawn of the run; that of the run shown before is dropped."""
    known: tuple[str, KeptFigures] | None = st.session_state.get("live-curves")
    if known is None or known[0] != run_id:
        known = st.session_state["live-curves"] = (run_id, KeptFigures())
    return known[1]


def _draw(
    figures: KeptFigures,
    chart: str,
    run_id: str,
    series: Mapping[str, Points],
    y_title: str,
    baseline: Points = (),
    style: CurveStyle = PLAIN,
) -> None:
    st.plotly_chart(figures.figure(chart, series, y_title, baseline, style), key=f"{chart}-{run_id}")


def _health(curves: GrowingCurves, figures: KeptFigures, run_id: str, metrics: dict[str, float]) -> None:
    """Show the discriminator's probabilities and the variety of the outputs, where there is a discriminator."""
    keys = sorted(key.removeprefix("watch/") for key in metrics if key.startswith("watch/"))
    if not keys:
        return
    seen = {key: curves.points(f"watch/{key}") for key in keys}
    probabilities = {key.replace("_", " "): points for key, points in seen.items() if "discriminator/" in key}
    variety = {_VARIETY[key]: points for key, points in seen.items() if key in _VARIETY}
    left, right = st.columns(2)
    if probabilities:
        with left:
            st.markdown("**Discriminator: probability of being real**")
            _draw(figures, "belief", run_id, probabilities, "probability")
            st.caption(
                "Real near 1 and generated near 0 for long: the discriminator has won; the generator learns nothing."
            )
    if variety:
        with right:
            st.markdown("**Correlation and diversity of the outputs**")
            _draw(figures, "life", run_id, variety, "1 is as in the targets")
            # Between two contrasts, an exchange of light and dark may be right.
            signs = "Correlation below 0: light and dark are exchanged. " if "contrast" in seen else ""
            st.caption(f"{signs}Diversity near 0: every input gives the same picture.")
    if "pixel_accuracy" in seen:
        with left:
            st.markdown("**Share of training pixels in the right class**")
            _draw(figures, "accuracy", run_id, {"share": seen["pixel_accuracy"]}, "share")
    if "checkerboard" in seen:
        st.markdown("**Checkerboard**: how far patterns of 2 and 4 px stand out")
        checkerboard: dict[str, Points] = {"checkerboard": seen["checkerboard"]}
        _draw(figures, "pattern", run_id, checkerboard, "times the targets", style=LOGARITHMIC)
        st.caption("Near 1: as in the targets. If it stays above 4, up-sampling leaves a pattern of 2 or 4 px.")


def _speed(curves: GrowingCurves, figures: KeptFigures, run_id: str, style: CurveStyle) -> None:
    """Show how fast the training is, how long a step waits for data and what is held, once somebody wants to know."""
    title = "Speed and memory: steps per second, waiting for data, memory held"
    fold = st.expander(title, on_change="rerun", key=f"speed-fold-{run_id}")
    if not fold.open:
        return
    with fold:
        charts = {
            "speed": (STEPS_PER_S, "steps per second"),
            "waiting": (WAITING_MS, "waiting for data (ms per step)"),
            "memory": (MEMORY_MIB, "memory held (MiB)"),
        }
        drawn = {chart: (curves.points(key), title) for chart, (key, title) in charts.items()}
        if not any(points for points, _ in drawn.values()):
            st.caption("Nothing was recorded yet.")
            return
        linear = replace(style, log_y=False)
        for column, (chart, (points, title)) in zip(st.columns(len(drawn)), drawn.items(), strict=True):
            with column:
                if points:
                    _draw(figures, chart, run_id, {chart: points}, title, style=linear)
                else:
                    st.caption(f"Not recorded: {title}. Trainings of earlier versions lack it.")


def _loss_keys(metrics: dict[str, float]) -> list[str]:
    """List the weighted terms; their sums would only hide the smaller ones behind the largest."""
    return sorted(key for key in metrics if key.startswith("train/") and not key.endswith("_total"))


def show_progress(run_id: str) -> None:
    """Show how far a training is, or its place in the queue; nothing once it has ended."""
    job = next((job for job in queue.active_jobs() if job.run_id == run_id), None)
    if job is None:
        return
    if job.place:
        st.info(f"Waiting: {as_text(job.place)}.")
    elif job.total:
        where, left = job.slot.upper(), f"about {duration(job.seconds_left)} left"
        st.progress(min(job.step / job.total, 1.0), text=f"Step {job.step:,} of {job.total:,} on {where}, {left}")
    else:
        st.progress(0.0, text=f"Starting on {job.slot.upper()}")
