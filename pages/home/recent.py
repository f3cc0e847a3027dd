"""What was done lately, each with the way to it."""

import time
from datetime import UTC, datetime

import streamlit as st

from pages.people.redrawn import redrawn
from pages.people.session import seen, signed_in
from pages.widgets.frame import find_the_dead
from pages.widgets.models import model_title
from pages.widgets.words import as_text, state_word
from pipelines.jobs.tasks import list_tasks
from pipelines.model_ref import parse_model
from pipelines.predict.results import recent_results
from pipelines.tracking.database import has_database
from pipelines.tracking.opening import is_opening

_MOST = 5
_LOOK_AGAIN_S = 1.0
_ICONS = {
    "FINISHED": ":material/check_circle:",
    "RUNNING": ":material/play_circle:",
    "SCHEDULED": ":material/schedule:",
}


def show_recent() -> None:
    """Show the latest results and trainings."""
    st.subheader("Recent work")
    results = recent_results(list_tasks(signed_in()), _MOST)
    with st.container(gap=None):
        for result in results:
            label = (
                f"{as_text(result.title)}, {as_text(model_title(parse_model(result.model)))}, {_ago(result.started)}"
            )
            query = {"predict": result.task_id}
            st.page_link("inference/page.py", label=label, icon=":material/image:", query_params=query)
    if is_opening() and not has_database():
        redrawn(_wait_for_store, _LOOK_AGAIN_S)()
    elif not _trainings() and not results:
        st.caption("Results and trainings will be found again here.")


def _wait_for_store() -> None:
    """Wait for the store: on a new server the page appears before the store is open."""
    if not is_opening():
        st.rerun()
    st.caption("Opening the tracking store…")


def _trainings() -> bool:
    from pipelines.tracking.runs import list_runs

    find_the_dead()
    runs = seen(list_runs(kind="training"))
    with st.container(gap=None):
        for run in runs[:_MOST]:
            when = f", {_ago(run.started.timestamp())}" if run.started else ""
            label = f"{as_text(run.name)}, {state_word(run.status)}{when}"
            icon = _ICONS.get(run.status, ":material/error:")
            st.page_link("runs/page.py", label=label, icon=icon, query_params={"run": run.run_id})
    return bool(runs)


def _ago(then: float) -> str:
    """Say when something happened, as people do."""
    seconds = max(0.0, time.time() - then)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            days = unit == "d" and seconds >= 7 * size
            return f"{datetime.fromtimestamp(then, UTC):%d %b %Y}" if days else f"{seconds // size:.0f} {unit} ago"
    return "just now"
