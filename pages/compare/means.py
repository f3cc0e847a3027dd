"""Mean scores of all methods: a point with its interval for the chosen metric, and a table."""

from collections.abc import Iterator, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.charts.palette import COLOURS
from pages.widgets.scores import header, say_nyquist
from pages.widgets.words import in_chart
from pipelines.counts import counted
from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.labels import method_names
from pipelines.evaluate.tables import mean_text
from pipelines.evaluate.trained_scores import trained_scores
from sem_models.evaluation.report import EvaluationReport

BASELINE_COLOUR = "#8b949b"
"""Readable on light and dark."""
_SHAPES = ("diamond", "square", "triangle-up", "cross", "x", "star")


def marker_of(method: str, methods: Sequence[str]) -> dict[str, str]:
    """Return colour and symbol of a method, the same in all charts: models are dots, baselines grey shapes."""
    alike = [one for one in methods if one.startswith("baseline:") == method.startswith("baseline:")]
    place = alike.index(method)
    if method.startswith("baseline:"):
        return {"color": BASELINE_COLOUR, "symbol": _SHAPES[place % len(_SHAPES)]}
    return {"color": COLOURS[place % len(COLOURS)], "symbol": "circle"}


def show_means(comparison: Comparison, metric: str, metrics: Sequence[str]) -> None:
    """Show what was compared and the mean scores."""
    report = comparison.columns[0].report
    st.dataframe(side_by_side(comparison, metrics), hide_index=True)
    st.caption(
        f"{report.split.capitalize()} split of {report.dataset} (digest {report.digest[:12]}): "
        f"{counted(report.images, 'whole image')} of {counted(report.groups, 'group')}. "
        "Mean over images [95 % interval over specimens]."
    )
    say_nyquist([column.report for column in comparison.columns], metrics)
    for sentence in trained_scores(comparison.columns, metrics):
        st.caption(sentence)
    st.plotly_chart(_points(comparison, metric), key="bars")


def side_by_side(comparison: Comparison, metrics: Sequence[str]) -> pd.DataFrame:
    """Tabulate one row per run, best first, then the baselines."""
    rows = [(column.label, column.report, column.report.model) for column in comparison.columns]
    rows += [(name, comparison.columns[0].report, name) for name in comparison.baselines]
    return pd.DataFrame(
        [
            {"method": name, **{header(metric): mean_text(report, method, metric) for metric in metrics}}
            for name, report, method in rows
        ]
    )


def _methods(comparison: Comparison) -> Iterator[tuple[str, EvaluationReport, str]]:
    names = method_names(comparison)
    yield from ((names[column.model], column.report, column.report.model) for column in comparison.columns)
    yield from ((names[name], comparison.columns[0].report, name) for name in comparison.baselines)


def _points(comparison: Comparison, metric: str) -> go.Figure:
    """Draw points with intervals: bars from zero would hide the differences that matter."""
    figure = go.Figure()
    names = method_names(comparison)
    methods = list(_methods(comparison))
    for shown, (name, report, method) in zip(names, methods, strict=True):
        score = report.mean(method, metric)
        spread = {"array": [score.hi - score.mean], "arrayminus": [score.mean - score.lo]}
        marker = {"size": 11, **marker_of(shown, list(names))}
        figure.add_scatter(
            x=[score.mean], y=[in_chart(name)], mode="markers", showlegend=False, marker=marker,
            error_x={"type": "data", "symmetric": False, **spread},
        )  # fmt: skip
    figure.update_layout(
        height=90 + 32 * len(methods), margin={"l": 10, "r": 10, "t": 10, "b": 45}, xaxis_title=header(metric),
        yaxis={"autorange": "reversed", "automargin": True},
    )  # fmt: skip
    return figure
