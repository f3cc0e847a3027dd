"""Runs: all trainings, several of them together, and one of them in detail."""

import streamlit as st

from pages.people.session import seen
from pages.runs.table import show_table
from pages.widgets.frame import begin, empty, shown_errors


def show() -> None:
    """Show the page."""
    begin("Runs", "Every training in this store, with its state, curves, samples and scores.")
    with shown_errors():
        chosen = st.query_params.get("run")
        if chosen:
            if st.button("All runs", icon=":material/arrow_back:"):
                del st.query_params["run"]
                st.rerun()
            # Samples and reports are read through MLflow, which takes seconds to import; the table needs none of it.
            from pages.runs.detail import show_run

            show_run(chosen)
        elif together := st.query_params.get("runs"):
            if st.button("All runs", icon=":material/arrow_back:"):
                del st.query_params["runs"]
                st.rerun()
            from pages.runs.overlay import show_overlay

            show_overlay(together)
        else:
            _table()


def _table() -> None:
    from pipelines.tracking.runs import list_runs

    runs = seen(list_runs(kind="training"))
    if not runs:
        empty("No training yet.", "train", "Train a model")
        return
    show_table(live=any(run.status in ("RUNNING", "SCHEDULED") for run in runs))


show()
