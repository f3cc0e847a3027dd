"""Use case: make a trained run a registered model that can be referred to by name."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.evaluate.reports import reports_as_trained
from pipelines.models import model_folder
from pipelines.people.acting import acting_person
from pipelines.people.audit import record
from pipelines.people.permissions import Action, require
from pipelines.release.kept_scores import score_tags
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.keys import Tag
from pipelines.tracking.registry import register_model, require_own_name
from pipelines.tracking.runs import get_run
from sem_models.config.methods import Direction, method_facts
from sem_models.evaluation.report import EvaluationReport
from sem_models.inference.model_folder import WEIGHTS, read_recipe

_OF_THE_RUN = (Tag.RECIPE, Tag.DATASET, Tag.DATASET_DIGEST, Tag.OWNER, Tag.IMPORTED_FROM, Tag.ARCHITECTURE)
_WAYS: dict[Direction, str] = {
    "forward": "forward: from the first domain (input) to the second (target)",
    "backward": "backward: from the second domain (target) to the first (input)",
}


def register(request: RegisterRequest) -> str:
    """Register the best checkpoint of a run with its scores; return the version number."""
    run_id, direction = request.run.run_id, request.run.direction
    by, run = acting_person(), get_run(run_id)
    require(by, Action.CHANGE, run.ownership, f"Run {run_id}")
    require_own_name(request.name, by)
    tags = {key: run.tags[key] for key in _OF_THE_RUN if key in run.tags}
    if method_facts(run.params.get("method")).learns_backward:
        tags[Tag.DIRECTION] = _WAYS[direction]
    if Tag.TASK in run.tags:
        tags[Tag.TASK] = run.tags[Tag.TASK]
    reports = reports_as_trained(run_id, direction)
    for report in reports:
        tags |= score_tags(report)
    with model_folder(request.run) as folder:
        tags |= _size_and_speed(folder, reports)
        version = register_model(run_id, folder, request.name, request.alias, tags, by)
    record(by, "register", f"run {run_id} as {request.name}, version {version}, alias {request.alias or 'none'}")
    return version


def _size_and_speed(folder: Path, reports: Sequence[EvaluationReport]) -> dict[str, str]:
    """Return what the registered version says about size and speed, as far as it is known."""
    # Pages import this module, and torch takes seconds.
    from sem_models.networks.table import parameter_count

    tags = {Tag.SIZE_BYTES: str((folder / WEIGHTS).stat().st_size)}
    if parameters := parameter_count(read_recipe(folder).network):
        tags[Tag.PARAMETERS] = str(parameters)
    timed = [(report, seconds) for report in reports if (seconds := report.s_per_mp(report.model)) is not None]
    if timed:
        report, seconds = timed[-1]
        tags |= {Tag.S_PER_MP: f"{seconds:.4g}", Tag.MEASURED_ON: report.device}
    return tags
