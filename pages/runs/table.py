"""All runs of a task, with the scores that they have."""

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from pages.people.redrawn import redrawn
from pages.people.session import require_own, seen, signed_in
from pages.widgets.opening_table.component import show_opening_table
from pages.widgets.words import state_word
from pipelines.counts import counted
from pipelines.evaluate.candidates import in_address
from pipelines.evaluate.requests import EvaluateRequest
from pipelines.jobs.tasks import start_task
from pipelines.tracking.annotations import archive, is_archived, labels_of
from pipelines.tracking.keys import Tag
from pipelines.tracking.run_facts import tested_scores
from pipelines.tracking.runs import RunInfo, list_runs
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
_COMPARE_HELP = "Those that have been scored on a test split."
_SCORE_HELP = "Of the dataset of each; cancelled runs are scored by their best weights so far."
_ARCHIVE_HELP = "Lists leave archived runs out; nothing is deleted."


_PERIOD_S = 5.0


def show_table(live: bool) -> None:
    """Show all runs with what can be done with them; the table is drawn again while a training is live."""
    redrawn(_table, _PERIOD_S if live else None)()


def _table() -> None:
    """Show the table: a click on any cell opens the run, the boxes at the left choose several."""
    runs = seen(list_runs(kind="training"))
    listed = _filtered(runs)
    task = st.session_state.get("runs-task") or _ALL
    st.caption(f"{counted(len(listed), 'run')}. Click a run to open it; tick several to do something with all of them.")
    if not listed:
        return
    columns: dict[str, ColumnConfig] = {
        name: st.column_config.NumberColumn(format="%.2f" if "(dB)" in name else "%.3f") for name in _HEADINGS
    }
    done = show_opening_table(runs_table(listed), f"runs-{task}", ticks=True, columns=columns)
    if done.opened is not None:
        _open(listed[done.opened])
    ticked = [listed[row] for row in done.ticked]
    _offer(ticked + [run for run in _named(listed) if run not in ticked])


def _named(listed: list[RunInfo]) -> list[RunInfo]:
    """Let the user choose runs by name, which needs no mouse."""
    # A session keeps what its widgets refer to: names, not whole lists of runs.
    names = {run.run_id: f"{run.name} ({run.run_id[:8]})" for run in listed}
    chosen = st.multiselect(
        "Runs", list(names), format_func=names.__getitem__, key="runs-named",
        placeholder="Or choose runs by name", label_visibility="collapsed",
    )  # fmt: skip
    by_id = {run.run_id: run for run in listed}
    return [by_id[key] for key in chosen]


def _open(run: RunInfo) -> None:
    st.query_params["run"] = run.run_id
    st.rerun()


def _filtered(runs: list[RunInfo]) -> list[RunInfo]:
    """Let the user narrow the list down, by task, by text, and by whether runs are archived."""
    tasks = sorted({task_of(run) for run in runs} - {""})
    left, middle, right = st.columns([3, 2, 1], vertical_alignment="bottom")
    task = left.segmented_control("Task", [_ALL, *tasks], default=_ALL, format_func=str.capitalize, key="runs-task")
    text = middle.text_input("Search", placeholder="Name, dataset, label", key="runs-search").strip().lower()
    archived = right.toggle("Archived", key="runs-archived")
    return [
        run
        for run in runs
        if task in (None, _ALL, task_of(run)) and is_archived(run) == archived and text in _searched(run)
    ]


def _searched(run: RunInfo) -> str:
    dataset = run.tags.get(Tag.DATASET, "")
    return " ".join((run.run_id, run.name, dataset, run.experiment, *labels_of(run))).lower()


def _offer(chosen: list[RunInfo]) -> None:
    """Offer what can be done with several runs."""
    if not chosen:
        return
    scored = [run for run in chosen if Tag.evaluated("test") in run.tags]
    with st.container(horizontal=True):
        if len(chosen) == 1 and st.button("Open the run", icon=":material/open_in_full:"):
            _open(chosen[0])
        if st.button("Curves together", icon=":material/stacked_line_chart:", type="primary"):
            st.query_params["runs"] = in_address([run.run_id for run in chosen])
            st.rerun()
        if st.button("Compare", icon=":material/compare_arrows:", disabled=not scored, help=_COMPARE_HELP):
            st.switch_page("compare/page.py", query_params={"runs": in_address([run.run_id for run in scored])})
        if st.button("Score on the test split", icon=":material/straighten:", help=_SCORE_HELP):
            _score(chosen)
        back = all(is_archived(run) for run in chosen)
        if st.button("Back into the list" if back else "Archive", icon=":material/archive:", help=_ARCHIVE_HELP):
            for run in chosen:
                require_own([run], f"Run {run.run_id}")
            archive([run.run_id for run in chosen], not back, signed_in())
            st.rerun()


def _score(chosen: list[RunInfo]) -> None:
    """Score one run after the other in the background; the list of background work shows them."""
    ready = [run for run in chosen if run.status not in ("RUNNING", "SCHEDULED") and Tag.DATASET in run.tags]
    for run in ready:
        start_task(EvaluateRequest(model=run.run_id, dataset=run.tags[Tag.DATASET]), signed_in())
    st.toast(f"{counted(len(ready), 'run')} will be scored." if ready else "None of these runs can be scored now.")
    st.rerun()


def task_of(run: RunInfo) -> str:
    """Return what the run was trained for; empty where it does not say."""
    return run.tags.get(Tag.TASK, "")


def runs_table(runs: list[RunInfo]) -> pd.DataFrame:
    """Tabulate one row per run, with a column of scores only where at least one run has it."""
    table = pd.DataFrame([_row(run) for run in runs])
    empty = [
        name for name in (*_HEADINGS, _TESTED_ON, "reason", "labels", "seed") if table[name].isin([None, ""]).all()
    ]
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
        "name": run.name,
        "labels": ", ".join(labels_of(run)),
        "run": run.run_id[:8],
        "seed": run.params.get("train.seed", ""),
        "task": task_of(run),
        "experiment": run.experiment,
        "state": state_word(run.status),
        **scores,
        _TESTED_ON: tested.dataset if tested else "",
        "started (UTC)": run.started.replace(tzinfo=None) if run.started else None,
        "reason": run.tags.get(Tag.REASON, ""),
    }
