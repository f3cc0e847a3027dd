"""Mean scores of a comparison as a table: CSV for calculation, LaTeX for a paper."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.tables import decimals
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.report import EvaluationReport
from sem_models.evaluation.statistics.intervals import Interval
from sem_models.spreadsheets import as_cell

_ESCAPED = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "²": r"\textsuperscript{2}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "→": r"$\to$",
}


@dataclass(frozen=True)
class ScoreRow:
    """Mean scores of one method, by metric."""

    method: str
    means: dict[str, Interval]


def score_rows(comparison: Comparison, metrics: Sequence[str]) -> list[ScoreRow]:
    """Return a row for each model, the best first, and one for each baseline that all of them share."""
    return [
        ScoreRow(name, {metric: report.mean(method, metric) for metric in metrics})
        for name, report, method in compared_methods(comparison)
    ]


def compared_methods(comparison: Comparison) -> Iterator[tuple[str, EvaluationReport, str]]:
    """Give each row of a table: what it is called, and the report and method that hold its scores."""
    yield from ((column.label, column.report, column.report.model) for column in comparison.columns)
    report = comparison.columns[0].report
    yield from ((name, report, name) for name in comparison.baselines)


def scores_csv(rows: Sequence[ScoreRow]) -> str:
    """Return one line for each method and metric: mean, limits of the 95 % interval over specimens, images."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("method", "metric", "mean", "lo", "hi", "images"))
    for row in rows:
        for metric, mean in row.means.items():
            limits = ("", "") if math.isnan(mean.lo) else (mean.lo, mean.hi)
            writer.writerow((as_cell(row.method), metric, mean.mean, *limits, mean.n))
    return text.getvalue()


def scores_latex(rows: Sequence[ScoreRow], caption: str) -> str:
    """Return a table for the package booktabs: means with half the width of their 95 % interval, the best in bold."""
    metrics = list(rows[0].means)
    heads = " & ".join(["Method", *(escaped(METRICS[metric].heading) for metric in metrics)])
    columns = {metric: _cells(metric, [row.means[metric] for row in rows]) for metric in metrics}
    lines = [
        " & ".join([escaped(row.method), *(columns[metric][index] for metric in metrics)]) + r" \\"
        for index, row in enumerate(rows)
    ]
    return "\n".join(
        [
            r"\begin{table}", r"\centering", rf"\caption{{{escaped(caption)}}}",
            rf"\begin{{tabular}}{{l{'r' * len(metrics)}}}", r"\toprule", heads + r" \\", r"\midrule", *lines,
            r"\bottomrule", r"\end{tabular}", r"\end{table}", "",
        ]
    )  # fmt: skip


def _cells(metric: str, means: Sequence[Interval]) -> list[str]:
    """Write one column; what misses the ideal value by least is bold."""
    digits = decimals(means)
    ideal = METRICS[metric].ideal
    misses = [-mean.mean if math.isinf(ideal) else abs(ideal - mean.mean) for mean in means]
    best = min((miss for miss in misses if not math.isnan(miss)), default=math.nan)
    return [_cell(mean, digits, miss == best) for mean, miss in zip(means, misses, strict=True)]


def _cell(mean: Interval, digits: int, is_best: bool) -> str:
    if math.isnan(mean.mean):
        return "--"
    number = f"{mean.mean:.{digits}f}"
    number = rf"\mathbf{{{number}}}" if is_best else number
    half = "" if math.isnan(mean.lo) else rf" \pm {(mean.hi - mean.lo) / 2:.{digits}f}"
    return f"${number}{half}$"


def escaped(text: str) -> str:
    """Return text in which LaTeX sees no commands."""
    return "".join(_ESCAPED.get(character, character) for character in text)
