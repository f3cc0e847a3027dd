"""Use case: turn raw files into a dataset and log it in MLflow."""

from collections.abc import Callable

from pipelines.data.card import write_card
from pipelines.data.memory import plan_memory
from pipelines.data.requests import PrepareRequest
from pipelines.home import home
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
    plan = plan_dataset(request, progress, plan_memory())
    if show:
        show(plan)
    dataset = write_dataset(plan, home().datasets / request.name, progress)
    write_card(dataset, request, progress)
    from pipelines.tracking.datasets import log_dataset

    return dataset, log_dataset(dataset)
