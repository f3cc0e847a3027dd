"""Use case: make a trained run a registered model that can be referred to by name."""

from pipelines.evaluate.reports import reports_as_trained
from pipelines.models import model_folder
from pipelines.people.acting import acting_person
from pipelines.people.audit import record
from pipelines.people.permissions import Action, require
from pipelines.people.person import Person
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.keys import Tag
from pipelines.tracking.registry import list_versions, register_model
from pipelines.tracking.runs import get_run
from sem_models.config.methods import Direction, method_facts

_WAYS: dict[Direction, str] = {
    "forward": "forward: from the first domain (input) to the second (target)",
    "backward": "backward: from the second domain (target) to the first (input)",
}


def register(request: RegisterRequest) -> str:
    """Register the best checkpoint of a run with its scores; return the version number."""
    run_id, direction = request.run.run_id, request.run.direction
    by, run = acting_person(), get_run(run_id)
    require(by, Action.CHANGE, run.ownership, f"Run {run_id}")
    _require_name(request.name, by)
    tags = {key: run.tags[key] for key in (Tag.RECIPE, Tag.DATASET, Tag.DATASET_DIGEST, Tag.OWNER) if key in run.tags}
    if method_facts(run.params.get("method")).learns_backward:
        tags[Tag.DIRECTION] = _WAYS[direction]
    for report in reports_as_trained(run_id, direction):
        for metric in report.metrics:
            score = report.mean(report.model, metric)
            tags[f"{report.dataset}-{report.split}.{metric}"] = f"{score.mean:.4f} (n = {score.n})"
    with model_folder(request.run) as folder:
        version = register_model(run_id, folder, request.name, request.alias, tags)
    record(by, "register", f"run {run_id} as {request.name}, version {version}, alias {request.alias or 'none'}")
    return version


def _require_name(name: str, by: Person) -> None:
    """Raise `UserError` where versions of somebody else have the name, whose alias a new one would take away."""
    if by.is_local:
        return
    for version in list_versions():
        if version.name == name:
            require(by, Action.CHANGE, version.ownership, f"The registered model {name} (version {version.version})")
