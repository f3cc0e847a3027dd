"""Use case: runs side by side, with the baselines they share; runs that cannot be compared are said to be so."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.evaluate.reports import stored_reports
from pipelines.evaluate.requests import CompareRequest
from pipelines.tracking.runs import RunInfo, get_run, list_runs
from sem_models.errors import FieldRef, UserError
from sem_models.evaluation.paired import mean_goodness
from sem_models.evaluation.report import EvaluationReport


@dataclass(frozen=True)
class Column:
    """One run and its evaluation."""

    run: RunInfo
    report: EvaluationReport

    @property
    def label(self) -> str:
        """Name and the start of the id, because names repeat."""
        return label(self.run)


def label(run: RunInfo) -> str:
    """`srresnet-x4-small (0123abcd)`."""
    return f"{run.name} ({run.run_id[:8]})"


@dataclass(frozen=True)
class Comparison:
    """Evaluations of one setting, the best first."""

    columns: tuple[Column, ...]
    metrics: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def baselines(self) -> tuple[str, ...]:
        """Baselines that stand in every table."""
        first, *others = (column.report.methods for column in self.columns)
        everywhere = [method for method in first if all(method in methods for methods in others)]
        return tuple(method for method in everywhere if method.startswith("baseline:"))


def compare(request: CompareRequest) -> Comparison:
    """Compare the latest test evaluations of runs, given by id or by experiment.

    Only evaluations of one setting (dataset digest, split, degradation, data range, border) are put side by side: the
    setting that most runs share. The warnings name the others and say what differs.

    Raises:
        UserError: No run, or none that was evaluated.
    """
    if not request.run_ids and not request.experiment:
        raise UserError("Name runs to compare, or an ", FieldRef("experiment"), ".")
    runs = [get_run(run_id) for run_id in dict.fromkeys(request.run_ids)] or list_runs(request.experiment)
    scored = [Column(run, report) for run in runs for report in stored_reports(run.run_id)]
    columns = [column for column in scored if column.report.split == "test"]
    if not columns:
        raise UserError("None of these runs has been evaluated on a test split; score them first.")
    same = max((_alike(columns, other) for other in columns), key=len)
    metrics = tuple(name for name in same[0].report.metrics if all(name in c.report.metrics for c in same))
    leading = leading_metric(metrics)
    ordered = sorted(same, key=lambda column: -mean_goodness(column.report, leading))
    return Comparison(tuple(ordered), metrics, _left_out(runs, scored, same))


def leading_metric(metrics: Sequence[str]) -> str:
    """What orders the table where nobody chose: PSNR, else the first."""
    return "psnr_db" if "psnr_db" in metrics else metrics[0]


def _alike(columns: Sequence[Column], other: Column) -> list[Column]:
    """Columns of the other's setting, one a run."""
    alike = [column for column in columns if column.report.comparable(other.report)]
    return list({column.run.run_id: column for column in alike}.values())


def _left_out(runs: Sequence[RunInfo], scored: Sequence[Column], same: Sequence[Column]) -> tuple[str, ...]:
    """Why each run is missing from the table."""
    shown = {column.run.run_id for column in same}
    missing = [run for run in runs if run.run_id not in shown]
    told = [_reason(run, [c.report for c in scored if c.run is run], same[0].report) for run in missing]
    return tuple(text for text in told if text)


def _reason(run: RunInfo, reports: Sequence[EvaluationReport], shown: EvaluationReport) -> str:
    if reports:
        different = min((report.differs_from(shown) for report in reports), key=len)
        return f"{label(run)} has no comparable partner here: {'; '.join(different)}."
    return f"{label(run)} has not been evaluated." if run.is_training else ""
