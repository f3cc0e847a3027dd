"""Compare: evaluated runs side by side, always with their baselines."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.compare.paired import show_pairs
from pages.people.session import seen
from pages.widgets.discriminations import show_tests
from pages.widgets.families import choose_scores
from pages.widgets.frame import begin, empty, shown_errors
from pages.widgets.scores import header, rows_table, say_nyquist, show_gains
from pipelines.counts import counted
from pipelines.evaluate.compare import Comparison, compare, label
from pipelines.evaluate.discriminate_table import discriminations_of
from pipelines.evaluate.over_seeds import SEEDS_CAPTION, compare_methods, seed_rows
from pipelines.evaluate.requests import CompareRequest
from pipelines.evaluate.tables import mean_text
from pipelines.evaluate.trained_scores import trained_scores
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo, list_runs
from sem_models.tasks.table import invents_detail


def show() -> None:
    """Show the page."""
    begin(
        "Compare", "Scores on one test split with intervals and baselines, and a warning where runs cannot be compared."
    )
    with shown_errors():
        scored = [run for run in seen(list_runs(kind="training")) if Tag.evaluated("test") in run.tags]
        if not scored:
            empty("No run has been scored on a test split yet.", "runs", "Open a run and score it")
            return
        chosen = _choose(scored)
        if chosen:
            _show(compare(CompareRequest(run_ids=[run.run_id for run in chosen])))


def _choose(scored: list[RunInfo]) -> list[RunInfo]:
    """Let the user choose runs; by default all that share the task and the test dataset of the newest one."""
    by_id = {run.run_id: run for run in scored}
    default = [run.run_id for run in scored if _kin(run) == _kin(scored[0])]
    ids = st.multiselect("Runs", list(by_id), default, format_func=lambda key: label(by_id[key]), key="compared")
    return [by_id[key] for key in ids]


def _kin(run: RunInfo) -> tuple[str, str]:
    """Return dataset and task: on one masked dataset, a segmentation has other scores than a synthesis."""
    return run.tags[Tag.evaluated("test")], run.tags.get(Tag.TASK, "")


def _show(comparison: Comparison) -> None:
    for warning in comparison.warnings:
        st.warning(warning)
    report = comparison.columns[0].report
    st.caption(
        f"{report.split} split of {report.dataset} (digest {report.digest[:12]}): "
        f"{counted(report.images, 'whole image')} of {counted(report.groups, 'group')}. "
        "Mean over images [95 % interval over specimens]."
    )
    metrics = choose_scores(comparison.metrics, "scores")
    st.dataframe(side_by_side(comparison, metrics), hide_index=True)
    say_nyquist([column.report for column in comparison.columns], metrics)
    for sentence in trained_scores(comparison.columns, metrics):
        st.caption(sentence)
    metric = st.selectbox(
        "Metric", metrics, format_func=header, key="metric", help="Used in the charts and to find the best model."
    )
    st.plotly_chart(_bars(comparison, metric), key="bars")
    _show_seeds(comparison, metrics)
    show_pairs(comparison, metric, metrics)
    _show_gains(comparison, metrics)
    show_discriminations(comparison)
    for note in {note for column in comparison.columns for note in column.report.notes}:
        st.warning(note)
    with st.expander("Every image"):
        for column in comparison.columns:
            st.markdown(f"**{column.label}**")
            st.dataframe(rows_table(column.report), hide_index=True)


def _show_seeds(comparison: Comparison, metrics: Sequence[str]) -> None:
    """Show the section that decides between methods, where some were trained with several seeds."""
    differences = compare_methods(comparison, metrics)
    if differences:
        st.subheader("Method against method, over seeds")
        st.dataframe(pd.DataFrame(seed_rows(differences)), hide_index=True)
        st.caption(SEEDS_CAPTION)


def _show_gains(comparison: Comparison, metrics: Sequence[str]) -> None:
    baselines = list(comparison.baselines)
    if not baselines:
        return
    baseline = baselines[0]
    if len(baselines) > 1:
        baseline = st.selectbox(
            "Baseline", baselines, format_func=lambda name: name.removeprefix("baseline:"), key="baseline"
        )
    st.markdown(f"**Difference from the {baseline.removeprefix('baseline:')} baseline, image by image**")
    show_gains([(column.label, column.report) for column in comparison.columns], [baseline], metrics)


def _bars(comparison: Comparison, metric: str) -> go.Figure:
    """Draw points with intervals: bars from zero would hide the differences that matter."""
    rows = [(column.label, column.report, column.report.model) for column in comparison.columns]
    rows += [(baseline, comparison.columns[0].report, baseline) for baseline in comparison.baselines]
    figure = go.Figure()
    for name, report, method in rows:
        score = report.mean(method, metric)
        colour, symbol = ("#8b949b", "diamond") if method.startswith("baseline:") else ("#1f5f8b", "circle")
        spread = {"array": [score.hi - score.mean], "arrayminus": [score.mean - score.lo]}
        figure.add_scatter(
            x=[score.mean], y=[name], mode="markers", showlegend=False,
            marker={"size": 11, "color": colour, "symbol": symbol},
            error_x={"type": "data", "symmetric": False, **spread},
        )  # fmt: skip
    figure.update_layout(
        height=90 + 45 * len(rows), margin={"l": 10, "r": 10, "t": 10, "b": 45}, xaxis_title=header(metric),
        template="simple_white", yaxis={"autorange": "reversed", "automargin": True},
    )  # fmt: skip
    return figure


def show_discriminations(comparison: Comparison) -> None:
    """Show the discriminator tests; where there are none, say how to test models that invent detail."""
    found = discriminations_of(comparison)
    if not found.reports:
        _offer(comparison)
        return
    st.subheader("Discriminator test")
    show_tests(found.reports, found.warnings)


def _offer(comparison: Comparison) -> None:
    """Show the command: a test takes minutes and trains the same classifiers for all models, so no button starts it."""
    inventing = [c.run.run_id for c in comparison.columns if invents_detail(c.run.tags.get(Tag.TASK))]
    if not inventing:
        return
    st.subheader("Discriminator test")
    st.caption("None yet. This command trains fresh classifiers to tell these outputs from real images:")
    asked = f"{' '.join(inventing)} --dataset {comparison.columns[0].report.dataset}"
    st.code(f"python -m pipelines discriminate {asked}", language="bash", wrap_lines=True)


def side_by_side(comparison: Comparison, metrics: Sequence[str]) -> pd.DataFrame:
    """Tabulate one row per run, best first, then the baselines."""
    rows = [(c.label, c.report, c.report.model) for c in comparison.columns]
    rows += [(baseline, comparison.columns[0].report, baseline) for baseline in comparison.baselines]
    return pd.DataFrame(
        [
            {"method": name, **{header(metric): mean_text(report, method, metric) for metric in metrics}}
            for name, report, method in rows
        ]
    )


show()
