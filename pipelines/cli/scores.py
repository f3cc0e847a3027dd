"""Scores as lines of text, for the commands that show them."""

from collections.abc import Sequence

from pipelines.cli.app import Output
from sem_models.evaluation.metrics import METRICS
from sem_models.evaluation.report import EvaluationReport


def say_means(out: Output, report: EvaluationReport, method: str, metrics: Sequence[str]) -> None:
    """One line a metric: mean over images with its interval."""
    for name in metrics:
        score = report.mean(method, name)
        out.text(f"    {METRICS[name].heading:28s} {score.mean:10.4f} [{score.lo:.4f}, {score.hi:.4f}]")


def say_gains(out: Output, report: EvaluationReport, floor: str) -> None:
    """One line a metric: model minus floor with its interval."""
    for name in report.metrics:
        gain = report.gain(name, floor)
        out.text(f"    {METRICS[name].heading:28s} {gain.mean:+10.4f} [{gain.lo:+.4f}, {gain.hi:+.4f}]")
