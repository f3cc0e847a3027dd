"""Scores and tables as lines of text, for the commands that print them."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from pipelines.cli.app import Output

if TYPE_CHECKING:
    from sem_models.evaluation.report import EvaluationReport
    from sem_models.evaluation.statistics.intervals import Interval

_NO_INTERVAL = "[too few specimens for an interval]"


def write_means(out: Output, report: "EvaluationReport", method: str, metrics: Sequence[str]) -> None:
    """Write one line per metric: mean over images with its interval."""
    for name in metrics:
        score = report.mean(method, name)
        limits = f"[{score.lo:.4f}, {score.hi:.4f}]" if isfinite(score.lo) else _NO_INTERVAL
        at_nyquist = report.at_nyquist(method, name)
        bound = f", at most: {at_nyquist} of {score.n} images reach the Nyquist frequency" if at_nyquist else ""
        out.text(f"    {_heading(name)} {score.mean:10.4f} {limits}{bound}")


def write_gains(out: Output, report: "EvaluationReport", baseline: str) -> None:
    """Write one line per metric: model minus baseline with its interval."""
    for name in report.metrics:
        gain = report.gain(name, baseline)
        limits = f"[{gain.lo:+.4f}, {gain.hi:+.4f}]" if isfinite(gain.lo) else _NO_INTERVAL
        out.text(f"    {_heading(name)} {gain.mean:+10.4f} {limits}")


def _heading(metric: str) -> str:
    from sem_models.evaluation.metrics.table import METRICS

    width = max(len(metric.heading) for metric in METRICS.values())
    return f"{METRICS[metric].heading:{width}s}"


def write_intervals(out: Output, table: "Mapping[str, Mapping[str, Interval]]") -> None:
    """Write one line per row and metric: mean and interval."""
    for name, row in table.items():
        out.text(f"  {name}")
        for metric, score in row.items():
            limits = f"[{score.lo:.4f}, {score.hi:.4f}]" if score.lo == score.lo else "[fewer than 3 specimens]"
            out.text(f"    {metric:14s} {score.mean:8.4f} {limits}, n = {score.n}")


def write_table(out: Output, rows: Sequence[dict[str, Any]]) -> None:
    """Write columns as wide as their widest cell."""
    lines = [list(rows[0]), *([str(cell) for cell in row.values()] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        out.text("  " + "  ".join(cells).rstrip())
