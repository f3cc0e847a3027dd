"""Data: from raw files to a dataset; everything is shown and can be corrected before anything is cut."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.data.existing import show_card, show_datasets
from pages.data.form import ask
from pages.data.planning import current_plan
from pages.people.session import seen_datasets
from pages.widgets.frame import begin, shown_errors
from pages.widgets.tasks import launch, watched
from pipelines.counts import counted
from pipelines.data.datasets import list_datasets
from pipelines.data.requests import PrepareRequest

if TYPE_CHECKING:
    from sem_models.datasets.preparation.plan import Plan

TASK = "prepare"


def show() -> None:
    """Show the page: the files, what would be prepared, and the datasets there are."""
    begin(
        "Data",
        "Turn raw micrographs into a dataset: cut data bars, keep specimens together, record every file.",
        starts_work=True,
    )
    with shown_errors():
        top = st.container()
        with st.expander("Files and settings", expanded="plan" not in st.session_state, icon=":material/tune:"):
            request = ask()
            look = st.button("Look at the files", type="primary", disabled=request is None, icon=":material/search:")
        plan = current_plan(request, look=look)
        if plan is None or request is None:
            with top:
                _result()
        else:
            _show_planned(plan, request)
        show_datasets()


def _show_planned(plan: "Plan", request: PrepareRequest) -> None:
    """Show what would be prepared and all images; what draws them takes a second to import, like the plan itself."""
    from pages.data.plan import show_plan, summary

    _prepare(plan, request, summary(plan))
    show_plan(plan, request)


def _prepare(plan: "Plan", request: PrepareRequest, summed: str) -> None:
    """Show what would be prepared, the button that does it, and below it how far it is and what to do then."""
    st.subheader("What would be prepared")
    said, action = st.columns([4, 1], vertical_alignment="center")
    said.markdown(summed)
    ready = plan.options == request
    if action.button("Prepare the dataset", type="primary", icon=":material/content_cut:", disabled=not ready):
        launch(TASK, request)
        st.rerun()
    with st.container():
        done = _result()
    _say(plan, request, is_done=done == request.name)


def _say(plan: "Plan", request: PrepareRequest, *, is_done: bool) -> None:
    """Say why the dataset cannot be prepared as it is."""
    with st.container():
        if plan.options != request:
            st.caption("Look at the files again: what is shown below was planned with other settings.")
        elif request.name in seen_datasets(list_datasets()) and not is_done:
            st.caption(f"There is a dataset {request.name!r} already; unless this one is equal, choose another name.")


def _result() -> str | None:
    """Show how far the preparation is, and once it is done where to go; return the name of the finished dataset."""
    state = watched(TASK)
    if not state or not state.result:
        return None
    counts, name = state.result["images"], str(state.result["name"])
    left_out = len(state.result["skipped"])
    more = f"; {counted(left_out, 'file')} left out" if left_out else ""
    st.success(
        f"Dataset **{name}** is ready: {counts['train']} training, {counts['val']} validation and "
        f"{counts['test']} test images{more}.",
        icon=":material/check_circle:",
    )
    st.page_link("train/page.py", label="Train on it", icon=":material/model_training:", query_params={"dataset": name})
    with st.expander("Its card", icon=":material/id_card:"):
        show_card(name)
    return name


show()
