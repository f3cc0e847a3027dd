"""A background task on a page: progress, time left, cancel, and its result once it is there."""

import streamlit as st

from pages.people.redrawn import redrawn
from pages.people.session import require_seen, signed_in
from pages.widgets.frame import shown_errors
from pages.widgets.words import activity, as_text, on_page
from pipelines.jobs.seen import mark_seen
from pipelines.jobs.tasks import TaskState, cancel_task, start_task, task_state
from pipelines.progress import duration
from pipelines.request import Request

_PERIOD_S = 1.0


def launch(key: str, request: Request) -> None:
    """Start a task and remember it in the address, so that a refresh finds it again."""
    st.query_params[key] = start_task(request, signed_in())


def watched(key: str) -> TaskState | None:
    """Show the task that the address names under `key`; return its state once it has ended well, else None."""
    task_id = st.query_params.get(key)
    if not task_id:
        return None
    with shown_errors():
        state = task_state(task_id)
        require_seen(state, "This task")
        if state.is_live:
            redrawn(_running, _PERIOD_S)(key, task_id)
            return None
        mark_seen(task_id, signed_in())
        if state.status == "done":
            return state
        if state.status == "cancelled":
            st.info(f"{activity(state.use_case)} was cancelled.", icon=":material/cancel:")
        else:
            st.error(f"{activity(state.use_case)} failed. {on_page(state.error)}")
        if st.button("Dismiss", key=f"dismiss-{key}"):
            del st.query_params[key]
            st.rerun()
    return None


def _running(key: str, task_id: str) -> None:
    state = task_state(task_id)
    if not state.is_live:
        st.rerun()
    left = f", about {duration(state.seconds_left)} left" if state.seconds_left else ""
    share = state.done / state.total if state.total else 0.0
    place = f"{state.done} of {state.total} {state.what}{left}" if state.total else state.place or "starting"
    st.progress(min(share, 1.0), text=f"{activity(state.use_case)}: {as_text(place)}")
    if st.button("Cancel", key=f"cancel-{key}", icon=":material/stop_circle:"):
        cancel_task(task_id, signed_in())
