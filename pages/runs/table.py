"""All runs of a task, with the scores that they have."""

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from pipelines.counts import counted
from pipelines.tracking.keys import Tag
from pipelines.tracking.run_facts import tested_scores
from pipelines.tracking.runs import RunInfo
from sem_models.tasks.table import VALIDATION_SCORES, invents_detail

_ALL = "all"
_TEST_SCORES = {
    "psnr_db": "test PSNR (dB)",
    "ssim": "test SSIM (7 x 7)",
    "dice": "test Dice",
    "std_ratio": "test std, output / target",
    "gradient_energy_ratio": "test gradient energy, output / target",
}
_TEXTURE_SCORES = ("std_ratio", "gradient_energy_ratio")
"""Shown for tasks in which a smooth output has the best PSNR and yet is of little use."""


def _validation_columns() -> dict[str, str]:
    """Map each metric that ranks runs to its heading, followed by its baseline."""
    columns = {}
    for score in VALIDATION_SCORES:
        if score.column:
            columns[score.metric] = score.column
            if score.has_baseline_column:
                columns[score.baseline_metric] = f"baseline, {score.column}"
    return columns


_VALIDATION_SCORES = _validation_columns()
_HEADINGS = (*_VALIDATION_SCORES.values(), *_TEST_SCORES.values())
"""Of the scores that say most about a run, whatever its task."""
_TESTED_ON = "tested on"


def choose_run(runs: list[RunInfo]) -> str | None:
    """Show the runs of a task in a table, newest first; return the id of the selected one."""
    tasks = sorted({task_of(run) for run in runs} - {""})
    task = st.segmented_control("Task", [_ALL, *tasks], default=_ALL, format_func=str.capitalize, key="runs-task")
    listed = [run for run in runs if task in (None, _ALL, task_of(run))]
    table = runs_table(listed)
    st.caption(f"{counted(len(listed), 'run')}. Select a row to open one.")
    columns: dict[str, ColumnConfig] = {
        name: st.column_config.NumberColumn(format="%.2f" if "(dB)" in name else "%.3f") for name in _HEADINGS
    }
    event = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="single-row", column_config=columns,
        placeholder="", key=f"runs-{task or _ALL}",
    )  # fmt: skip
    rows = event["selection"]["rows"]
    return listed[rows[0]].run_id if rows else None


def task_of(run: RunInfo) -> str:
    """Return what the run was trained for; empty where it does not say."""
    return run.tags.get(Tag.TASK, "")


def runs_table(runs: list[RunInfo]) -> pd.DataFrame:
    """Tabulate one row per run, with a column of scores only where at least one run has it."""
    table = pd.DataFrame([_row(run) for run in runs])
    empty = [name for name in (*_HEADINGS, _TESTED_ON, "reason") if table[name].isin([None, ""]).all()]
    return table.drop(columns=empty)


def _row(run: RunInfo) -> dict[str, object]:
    texture = invents_detail(task_of(run))
    scores = {name: run.metrics.get(key) for key, name in _VALIDATION_SCORES.items()}
    tested = tested_scores(run)
    on_test = tested.scores if tested else {}
    scores |= {
        name: on_test.get(key) if texture or key not in _TEXTURE_SCORES else None for key, name in _TEST_SCORES.items()
    }
    return {
        "run": run.run_id[:8],
        "name": run.name,
        "task": task_of(run),
        "experiment": run.experiment,
        "state": run.status,
        **scores,
        _TESTED_ON: tested.dataset if tested else "",
        "started (UTC)": run.started,
        "reason": run.tags.get(Tag.REASON, ""),
    }
