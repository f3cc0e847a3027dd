"""Runs: all trainings, and one of them in detail."""

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from pages.components.frame import begin, empty, shown_errors
from pages.runs.detail import show_run


def show() -> None:
    """The page."""
    begin("Runs", "Every training in this store: its state, its curves, its samples, its scores.")
    with shown_errors():
        chosen = st.query_params.get("run")
        if chosen:
            if st.button("All runs", icon=":material/arrow_back:"):
                del st.query_params["run"]
                st.rerun()
            show_run(chosen)
        else:
            _table()


def _table() -> None:
    from pipelines.tracking.runs import list_runs

    runs = list_runs(kind="training")
    if not runs:
        empty("No training yet.", "train", "Train a model")
        return
    table = pd.DataFrame(
        [
            {
                "run": run.run_id[:8],
                "name": run.name,
                "experiment": run.experiment,
                "state": run.status,
                "val PSNR (dB)": run.metrics.get("val/psnr_db"),
                "bicubic (dB)": run.metrics.get("val/floor_psnr_db"),
                "test PSNR (dB)": run.metrics.get("test/psnr_db"),
                "started (UTC)": run.started,
                "reason": run.tags.get("sem.reason", ""),
            }
            for run in runs
        ]
    )
    st.caption("Select a row to open a run.")
    decibel = [str(name) for name in table.columns if "(dB)" in str(name)]
    columns: dict[str, ColumnConfig] = {name: st.column_config.NumberColumn(format="%.2f") for name in decibel}
    event = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="single-row", column_config=columns, key="runs"
    )
    if rows := event["selection"]["rows"]:
        st.query_params["run"] = runs[rows[0]].run_id
        st.rerun()


show()
