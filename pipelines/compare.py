"""Use case: runs side by side, with the floors they share; runs that cannot be compared are said to be so."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.evaluate import stored_reports
from pipelines.tracking.runs import RunInfo, get_run, list_runs
from sem_models.errors import UserError
from sem_models.evaluation.metrics import METRICS
from sem_models.evaluation.report import EvaluationReport


@dataclass(frozen=True)
class Column:
    """One run and its evaluation."""

    run: RunInfo
    report: EvaluationReport


@dataclass(frozen=True)
class Comparison:
    """Evaluations of one setting, the best first."""

    columns: tuple[Column, ...]
    metrics: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def floors(self) -> tuple[str, ...]:
        """Floors that stand in every table."""
        return tuple(method for method in self.columns[0].report.methods if method.startswith("floor:"))


def compare(run_ids: Sequence[str] = (), experiment: str | None = None) -> Comparison:
    """Compare the latest test evaluations of runs, given by id or by experiment.

    Only evaluations of one setting (dataset digest, split, degradation, data range, border) are put side by side: the
    setting that most runs share. The others are named in the warnings.

    Raises:
        UserError: No run, or none that was evaluated.
    """
    runs = [get_run(run_id) for run_id in run_ids] or list_runs(experiment)
    columns = [Column(run, report) for run in runs for report in stored_reports(run.run_id) if report.split == "test"]
    missing = [run for run in runs if run.run_id not in {column.run.run_id for column in columns}]
    if not columns:
        raise UserError(
            "None of these runs has been evaluated on a test split; run `evaluate RUN_ID --dataset NAME` first."
        )
    same = max(([c for c in columns if c.report.comparable(other.report)] for other in columns), key=len)
    warnings = [f"{run.name} ({run.run_id[:8]}) has not been evaluated." for run in missing if run.kind == "training"]
    warnings += [
        f"{c.run.name} ({c.run.run_id[:8]}) was scored on other data or inputs ({c.report.dataset}): not comparable."
        for c in columns
        if c not in same
    ]
    metrics = tuple(name for name in same[0].report.metrics if all(name in c.report.metrics for c in same))
    leading = "psnr_db" if "psnr_db" in metrics else metrics[0]
    shortfall = METRICS[leading].shortfall
    ordered = sorted(same, key=lambda column: shortfall(column.report.mean(column.report.model, leading).mean))
    return Comparison(tuple(ordered), metrics, tuple(warnings))
