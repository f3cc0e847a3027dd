"""Which runs are compared, and by which metric: chosen here, and kept in the address so that it can be sent."""

from dataclasses import dataclass

import streamlit as st

from pages.people.session import require_seen
from pages.widgets.frame import shown_errors
from pages.widgets.scores import header
from pages.widgets.words import as_text
from pipelines.counts import counted
from pipelines.evaluate.candidates import LATEST, Candidates, from_address, in_address
from pipelines.evaluate.compare import Comparison, label, leading_metric
from pipelines.evaluate.requests import GalleryRequest
from pipelines.jobs.tasks import task_state

_RUNS, _METRIC = "runs", "metric"
IMAGE, GALLERY = "image", "gallery"
"""Parameters of the address: the image that is shown, and the task that computes its pictures."""


@dataclass(frozen=True)
class ChosenRuns:
    """What somebody wants to see side by side."""

    run_ids: tuple[str, ...]


def choose_runs(offered: list[Candidates]) -> ChosenRuns:
    """Let the user choose a dataset and some of its runs; at first those of the address, else the latest few."""
    _take_from_task()
    address = st.query_params.get(_RUNS, "")
    asked = from_address(address, offered)
    first, runs = asked or (offered[0], [])
    left, right = st.columns([1, 3])
    titles = {group.title: group for group in offered}
    title = left.selectbox("Test set and task", list(titles), index=offered.index(first), key="compared-group")
    group = titles[title]
    by_id = {run.run_id: run for run in group.runs}
    gone = bool(address) and asked is None
    if gone:
        st.warning(f"None of the runs {as_text(address)} has scores here that you can see. Choose others.")
    default = runs if group is first and (runs or gone) else list(by_id)[:LATEST]
    names = {key: label(run) for key, run in by_id.items()}
    chosen = right.multiselect(
        "Runs", list(by_id), default, format_func=names.__getitem__, key=f"compared-{title}",
        help=f"{counted(len(by_id), 'run')} scored on this test set. At first the latest {LATEST} are chosen.",
    )  # fmt: skip
    _remember(_RUNS, in_address(chosen))
    return ChosenRuns(tuple(chosen))


def _take_from_task() -> None:
    """Where only a task is named, as by the list of background work, show the runs and the image that it is about."""
    task_id = st.query_params.get(GALLERY)
    if task_id and _RUNS not in st.query_params:
        with shown_errors():
            task = task_state(task_id)
            require_seen(task, "This task")
            request = GalleryRequest.model_validate(task.request)
            st.query_params[_RUNS] = in_address(request.run_ids)
            st.query_params[IMAGE] = request.image


def choose_metric(comparison: Comparison) -> str:
    """Let the user choose what decides; at first the metric of the address, else the leading one."""
    metrics = list(comparison.metrics)
    asked = st.query_params.get(_METRIC, "")
    default = asked if asked in metrics else leading_metric(metrics)
    metric = st.selectbox(
        "Metric", metrics, index=metrics.index(default), format_func=header, key="metric",
        help="Decides which model is best, and what the charts show.",
    )  # fmt: skip
    _remember(_METRIC, metric)
    return metric


def _remember(key: str, value: str) -> None:
    """Write to the address only what is new: each change is a message to the browser."""
    if value and st.query_params.get(key) != value:
        st.query_params[key] = value
    elif not value:
        st.query_params.pop(key, None)
