"""Reports that are kept with the run of the model they are about, and read again from there."""

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from pipelines.json_safe import to_json_safe
from pipelines.tracking.artifacts import get_text, list_files, put_text
from pipelines.tracking.keys import Artifact, of_direction
from pipelines.tracking.metrics import log_metrics
from sem_models.config.methods import Direction
from sem_models.errors import UserError
from sem_models.evaluation.discriminator.report import DiscriminatorReport
from sem_models.evaluation.mask_consistency import MaskConsistency
from sem_models.evaluation.report import EvaluationReport
from sem_models.spreadsheets import as_cell

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Report = TypeVar("_Report", bound=BaseModel)


def save_report(
    run_id: str,
    path: str,
    report: "BaseModel | DataclassInstance",
    metrics: Mapping[str, float],
    direction: Direction = "forward",
) -> None:
    """Keep a report as `path`.json and its rows, if any, as `path`.csv, and log the metrics that can be compared.

    Args:
        run_id: The run that keeps it; a report of the same path is replaced.
        path: Artifact path without an ending.
        report: A value that is not finite becomes null in the file of a dataclass.
        metrics: By their names in MLflow; those that are not finite are left out.
        direction: Generator of a cycle that the report is about.
    """
    place = of_direction(path, direction)
    put_text(run_id, f"{place}.json", _as_json(report) + "\n")
    if isinstance(report, EvaluationReport | MaskConsistency):
        put_text(run_id, f"{place}.csv", _as_csv(report))
    log_metrics(run_id, {of_direction(key, direction): v for key, v in metrics.items() if math.isfinite(v)})


@dataclass(frozen=True)
class Readable(Generic[_Report]):
    """The reports of a run that can be read, and one sentence for each that cannot."""

    reports: tuple[_Report, ...]
    damaged: tuple[str, ...]


def readable_reports(
    run_id: str, folder: str, kind: type[_Report], direction: Direction = "forward"
) -> Readable[_Report]:
    """Read the reports of a kind that a run holds in an artifact folder, in the order of their file names."""
    reports: list[_Report] = []
    damaged = []
    for path in _report_paths(run_id, folder, direction):
        try:
            reports.append(_read(run_id, path, kind))
        except UserError as error:
            damaged.append(str(error))
    return Readable(tuple(reports), tuple(damaged))


def readable_evaluations(run_id: str, direction: Direction = "forward") -> Readable[EvaluationReport]:
    """Read all evaluations of a run; those on other inputs follow the one on inputs as in training."""
    return readable_reports(run_id, Artifact.EVALUATION, EvaluationReport, direction)


def saved_reports(
    run_id: str, folder: str, kind: type[_Report], direction: Direction = "forward"
) -> dict[str, _Report]:
    """Read the same by file name without its ending; raises a `UserError` if one of them is damaged."""
    paths = _report_paths(run_id, folder, direction)
    return {PurePosixPath(path).stem: _read(run_id, path, kind) for path in paths}


def _report_paths(run_id: str, folder: str, direction: Direction) -> list[str]:
    paths = [path for path in list_files(run_id, of_direction(folder, direction)) if path.endswith(".json")]
    return sorted(paths, key=lambda path: PurePosixPath(path).stem)


def _read(run_id: str, path: str, kind: type[_Report]) -> _Report:
    try:
        return kind.model_validate_json(get_text(run_id, path))
    except (ValidationError, UnicodeDecodeError) as error:
        raise UserError(
            f"Run {run_id[:8]}: its report {path} is damaged and was left out; score the run again."
        ) from error


def stored_reports(run_id: str, direction: Direction = "forward") -> list[EvaluationReport]:
    """Read all evaluations of a run; those on other inputs follow the one on inputs as in training."""
    return list(saved_reports(run_id, Artifact.EVALUATION, EvaluationReport, direction).values())


def reports_as_trained(run_id: str, direction: Direction = "forward") -> list[EvaluationReport]:
    """Read the evaluations on inputs that are made as in training."""
    reports = saved_reports(run_id, Artifact.EVALUATION, EvaluationReport, direction)
    return [report for name, report in reports.items() if name == f"{report.dataset}-{report.split}"]


def stored_discriminations(run_id: str) -> list[DiscriminatorReport]:
    """Read all discriminator tests of a run, in the order of their file names."""
    return list(saved_reports(run_id, Artifact.DISCRIMINATOR, DiscriminatorReport).values())


def summary(report: EvaluationReport) -> dict[str, object]:
    """Return means with intervals and gains over each baseline, as plain values for JSON."""
    baselines = [method for method in report.methods if method != report.model]
    return {
        "model": report.model,
        "dataset": report.dataset,
        "digest": report.digest,
        "split": report.split,
        "images": report.images,
        "groups": report.groups,
        "border_px": report.border_px,
        "data_range": report.data_range,
        "degradation": report.degradation,
        "strength_px": report.strength_px,
        "means": {m: {k: to_json_safe(asdict(report.mean(m, k))) for k in report.metrics} for m in report.methods},
        "gain_over": {f: {k: to_json_safe(asdict(report.gain(k, f))) for k in report.metrics} for f in baselines},
        "notes": list(report.notes),
    }


def _as_json(report: "BaseModel | DataclassInstance") -> str:
    if isinstance(report, BaseModel):
        return report.model_dump_json(indent=1)
    return json.dumps(to_json_safe(asdict(report)), indent=1)


def _as_csv(report: EvaluationReport | MaskConsistency) -> str:
    """Write one line per image and method."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", "image", "group", *report.metrics])
    for row in report.rows:
        named = map(as_cell, (row.method, row.image, row.group))
        writer.writerow([*named, *(row.scores.get(metric) for metric in report.metrics)])
    return text.getvalue()
