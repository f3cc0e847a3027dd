"""Use case: turn raw files into a dataset and log it in MLflow."""

from collections.abc import Callable

from pipelines.data.card import write_card
from pipelines.data.memory import plan_memory
from pipelines.data.requests import PrepareRequest
from pipelines.home import home
from pipelines.people.acting import acting_person
from pipelines.people.dataset_owner import dataset_ownership, own_dataset, own_folder
from pipelines.people.permissions import Action, require
from pipelines.people.person import Person
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.plan import Plan, plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.progress import Progress, silent


def prepare(
    request: PrepareRequest,
    progress: Progress = silent,
    show: Callable[[Plan], None] | None = None,
) -> tuple[Dataset, str]:
    """Plan, show the plan (data bars before they are cut), write dataset and card, log; return dataset and run id."""
    by = acting_person()
    _require_own(request.name, by)
    plan = plan_dataset(request, progress, plan_memory())
    if show:
        show(plan)
    dataset = write_dataset(plan, home().datasets / request.name, progress, lambda folder: own_folder(folder, by))
    # Somebody else may have prepared the same meanwhile.
    _require_own(request.name, by)
    own_dataset(request.name, by)
    write_card(dataset, request, progress)
    from pipelines.tracking.datasets import log_dataset

    return dataset, log_dataset(dataset)


def _require_own(name: str, by: Person) -> None:
    """Raise `UserError` where there is a dataset of that name that a person may not change."""
    if (home().datasets / name).exists():
        require(by, Action.CHANGE, dataset_ownership(name), f"The dataset {name} that there is")
