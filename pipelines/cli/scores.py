"""Scores as lines of text, for the commands that show them."""

from collections.abc import Sequence
from math import isfinite

from pipelines.cli.app import Output
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.report import EvaluationReport

_WIDTH = max(len(metric.heading) for metric in METRICS.values())
_NO_INTERVAL = "[too few images for an interval]"


def say_means(out: Output, report: EvaluationReport, method: str, metrics: Sequence[str]) -> None:
    """One line a metric: mean over images with its interval."""
    for name in metrics:
        score = report.mean(method, name)
        limits = f"[{score.lo:.4f}, {score.hi:.4f}]" if isfinite(score.lo) else _NO_INTERVAL
        out.text(f"    {METRICS[name].heading:{_WIDTH}s} {score.mean:10.4f} {limits}")


def say_gains(out: Output, report: EvaluationReport, baseline: str) -> None:
    """One line a metric: model minus baseline with its interval."""
    for name in report.metrics:
        gain = report.gain(name, baseline)
        limits = f"[{gain.lo:+.4f}, {gain.hi:+.4f}]" if isfinite(gain.lo) else _NO_INTERVAL
        out.text(f"    {METRICS[name].heading:{_WIDTH}s} {gain.mean:+10.4f} {limits}")
