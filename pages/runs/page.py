"""Runs: all trainings, several of them together, and one of them in detail."""

import streamlit as st

from pages.people.session import require_seen, seen
from pages.runs.table import show_table
from pages.widgets.frame import begin, empty, find_the_dead, shown_errors
from sem_models.errors import UserError

_ONE, _SEVERAL = "run", "runs"
"""Parameters of the address."""


def show() -> None:
    """Show the page; one run has a page of its own, whose title is its name."""
    with shown_errors():
        if run_id := st.query_params.get(_ONE):
            _one(run_id)
            return
        _begin()
        if together := st.query_params.get(_SEVERAL):
            _offer_all(_SEVERAL)
            from pages.runs.overlay import show_overlay

            show_overlay(together)
        else:
            _table()


def _begin() -> None:
    begin("Runs", "Every training in this store, with its state, curves, samples and scores.")


def _one(run_id: str) -> None:
    from pipelines.tracking.runs import get_run

    find_the_dead()
    try:
        run = get_run(run_id)
        require_seen(run, "This run")
    except UserError:
        _begin()
        _offer_all(_ONE)
        raise
    # Samples and reports are read through MLflow, which takes seconds to import; the table needs none of it.
    from pages.runs.detail import show_run

    show_run(run)


def _offer_all(parameter: str) -> None:
    if st.button("All runs", icon=":material/arrow_back:"):
        del st.query_params[parameter]
        st.rerun()


def _table() -> None:
    from pipelines.tracking.runs import list_runs

    runs = seen(list_runs(kind="training"))
    if not runs:
        empty("No training yet.", "train", "Train a model")
        return
    show_table(live=any(run.status in ("RUNNING", "SCHEDULED") for run in runs))


show()
