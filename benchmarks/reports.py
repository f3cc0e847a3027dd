"""Stored evaluations of the runs in a table, read from MLflow. Only means and differences are computed here."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pools import set_of
from sem_models.evaluation.report import EvaluationReport
from sem_models.evaluation.statistics.intervals import Interval, cluster_interval

Reports = dict[str, list[EvaluationReport]]


def read(home: Path, table: Path) -> Reports:
    """All evaluations of each job, by label."""
    os.environ["SEM_HOME"] = str(home)
    from pipelines.evaluate.reports import stored_reports

    jobs: dict[str, dict[str, Any]] = json.loads(table.read_text())
    return {label: stored_reports(job["run_id"]) for label, job in jobs.items()}


def blur_of(report: EvaluationReport) -> dict[str, Any]:
    """The blur that was applied to the inputs of an evaluation."""
    blur: dict[str, Any] = json.loads(report.degradation)["blur"]
    return blur


def part_of(report: EvaluationReport, name: str) -> EvaluationReport:
    """The report with only the rows of one set of the pool."""
    rows = tuple(row for row in report.rows if set_of(row.image) == name)
    return report.model_copy(update={"rows": rows})


def gain(report: EvaluationReport, method: str, metric: str, over: str) -> Interval:
    """Mean difference of two methods, with an interval over specimens."""
    differences = np.subtract(report.values(method, metric), report.values(over, metric))
    groups = [row.group for row in report.rows if row.method == method]
    return cluster_interval(differences.tolist(), groups)


def score(report: EvaluationReport, metric: str) -> Interval:
    """Mean score of the model, with an interval over specimens."""
    groups = [row.group for row in report.rows if row.method == report.model]
    return cluster_interval(report.values(report.model, metric), groups)


def formatted(value: Interval, digits: int = 2, sign: str = "+") -> str:
    """`+3.10 [2.90, 3.30]`; only the mean if there are too few specimens for an interval, and `-` for NaN."""
    if np.isnan(value.mean):
        return "-"
    mean = f"{value.mean:{sign}.{digits}f}"
    return mean if np.isnan(value.lo) else f"{mean} [{value.lo:{sign}.{digits}f}, {value.hi:{sign}.{digits}f}]"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
