"""Use case: compare runs side by side with the baselines they share, and say which runs cannot be compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.evaluate.keeper import keepers_of
from pipelines.evaluate.reports import Readable, readable_evaluations
from pipelines.evaluate.requests import CompareRequest
from pipelines.model_ref import RunRef, parse_model
from pipelines.people.acting import acting_person
from pipelines.people.permissions import visible
from pipelines.people.person import Person
from pipelines.tracking.keys import Experiment
from pipelines.tracking.runs import RunInfo, get_run, list_experiments, list_runs
from sem_models.config.methods import Direction
from sem_models.errors import FieldRef, UserError
from sem_models.evaluation.paired import mean_goodness
from sem_models.evaluation.report import EvaluationReport
from sem_models.names import shown
from sem_models.suggestions import did_you_mean


@dataclass(frozen=True)
class Column:
    """One generator of a run, and its evaluation."""

    run: RunInfo
    report: EvaluationReport
    direction: Direction = "forward"

    @property
    def model(self) -> str:
        """`RUN_ID`, or `RUN_ID:backward`."""
        return str(RunRef(self.run.run_id, self.direction))

    @property
    def label(self) -> str:
        """Name and the start of the id, because names repeat."""
        return label(self.run, self.direction)


def label(run: RunInfo, direction: Direction = "forward") -> str:
    """Return `srresnet-x4-small (0123abcd)`, or `cyclegan-translate (0123abcd, backward)`."""
    way = "" if direction == "forward" else f", {direction}"
    return f"{run.name} ({run.run_id[:8]}{way})"


@dataclass(frozen=True)
class Comparison:
    """Evaluations of one setting, the best first."""

    columns: tuple[Column, ...]
    metrics: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def baselines(self) -> tuple[str, ...]:
        """Baselines that are in every report."""
        first, *others = (column.report.methods for column in self.columns)
        everywhere = [method for method in first if all(method in methods for methods in others)]
        return tuple(method for method in everywhere if method.startswith("baseline:"))


def compare(request: CompareRequest, person: Person | None = None) -> Comparison:
    """Compare the latest test evaluations of runs, given by id or by experiment.

    Only evaluations of one setting (dataset digest, split, degradation, data range, border) are put side by side: the
    setting that most runs share. The warnings name the others and say what differs. The two directions of a CycleGAN
    have different inputs and are never in one table.

    Args:
        request: What to compare.
        person: Whose own scores of others' runs count as well; by default of whom this process works for.

    Raises:
        UserError: No run is given, or none was evaluated.
    """
    if not request.run_ids and not request.experiment:
        raise UserError("Name runs to compare, or an ", FieldRef("experiment"), ".")
    by = person or acting_person()
    models = [_model(text) for text in dict.fromkeys(request.run_ids)] or _models_of(request.experiment, by)
    kept = keepers_of(by, list_runs(Experiment.SCORES, "evaluation"))
    stored = [(run, way, _evaluations(run, kept.get(run.run_id), way)) for run, way in models]
    damaged = tuple(text for *_, found in stored for text in found.damaged)
    scored = [Column(run, report, way) for run, way, found in stored for report in found.reports]
    columns = [column for column in scored if column.report.split == "test"]
    if not columns:
        reason = "None of these runs has been evaluated on a test split; score them first."
        raise UserError(" ".join((reason, *damaged)))
    same = max((_alike(columns, other) for other in columns), key=len)
    metrics = tuple(name for name in same[0].report.metrics if all(name in c.report.metrics for c in same))
    leading = leading_metric(metrics)
    ordered = sorted(same, key=lambda column: -mean_goodness(column.report, leading))
    return Comparison(tuple(ordered), metrics, (*damaged, *_left_out(models, scored, same)))


def leading_metric(metrics: Sequence[str]) -> str:
    """Return the metric that orders the table by default: PSNR, else the first."""
    return "psnr_db" if "psnr_db" in metrics else metrics[0]


def _model(text: str) -> tuple[RunInfo, Direction]:
    ref = parse_model(text)
    if not isinstance(ref, RunRef):
        raise UserError(f"{ref} is not a run. Compare runs by RUN_ID or RUN_ID:backward.")
    return get_run(ref.run_id), ref.direction


def _evaluations(run: RunInfo, keeper: RunInfo | None, way: Direction) -> Readable[EvaluationReport]:
    """Read the reports of a run, and then a person's own about it, which replace those of the same setting."""
    own = readable_evaluations(run.run_id, way)
    if not keeper:
        return own
    kept = readable_evaluations(keeper.run_id, way)
    return Readable((*own.reports, *kept.reports), (*own.damaged, *kept.damaged))


def _models_of(experiment: str | None, by: Person) -> list[tuple[RunInfo, Direction]]:
    runs = list_runs(experiment)
    if experiment and not runs and experiment not in (known := list_experiments()):
        field = FieldRef("experiment")
        raise UserError(field, f" {shown(experiment)}: there is no such experiment. {did_you_mean(experiment, known)}")
    # Ids are checked before a request is carried out; an experiment may hold runs of several people.
    return [(run, "forward") for run in visible(by, runs)]


def _alike(columns: Sequence[Column], other: Column) -> list[Column]:
    """Return the columns of the other's setting, one for each model."""
    alike = [c for c in columns if c.direction == other.direction and c.report.comparable(other.report)]
    return list({column.model: column for column in alike}.values())


def _left_out(
    models: Sequence[tuple[RunInfo, Direction]], scored: Sequence[Column], same: Sequence[Column]
) -> tuple[str, ...]:
    """Say why each model is missing from the table."""
    shown = {column.model for column in same}
    reasons = []
    for run, way in models:
        own = [column for column in scored if column.run is run and column.direction == way]
        if str(RunRef(run.run_id, way)) not in shown:
            reasons.append(_reason(run, way, own, same[0]))
    return tuple(text for text in reasons if text)


def _reason(run: RunInfo, way: Direction, own: Sequence[Column], shown: Column) -> str:
    name = label(run, way)
    if not own:
        return f"{name} has not been evaluated." if run.is_training else ""
    if way != shown.direction:
        return f"{name} translates the other way and cannot be compared here."
    different = min((column.report.differs_from(shown.report) for column in own), key=len)
    return f"{name} cannot be compared with these runs: {'; '.join(different)}."
