"""Use case: raw files become a dataset, and MLflow knows it."""

from collections.abc import Callable

from pipelines.home import home
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.plan import Plan, plan_dataset
from sem_models.datasets.preparation.sources import PrepareOptions
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.progress import Progress, silent


def prepare(
    options: PrepareOptions, progress: Progress = silent, show: Callable[[Plan], None] | None = None
) -> tuple[Dataset, str]:
    """Plan, show the plan (data bars before they are cut), write, log; returns the dataset and its run id."""
    refuse_bad_name(options.name)
    plan = plan_dataset(options, progress)
    if show:
        show(plan)
    dataset = write_dataset(plan, home().datasets / options.name, progress)
    from pipelines.tracking.datasets import log_dataset

    return dataset, log_dataset(dataset)


def refuse_bad_name(name: str) -> None:
    """UserError where `name` cannot be the name of a dataset."""
    if not name or "/" in name or name.startswith("."):
        raise UserError(f"--name {name!r} cannot be a folder name; use letters, digits, - and _.")


def list_datasets() -> list[str]:
    """Names of the prepared datasets, alphabetically."""
    place = home().datasets
    return sorted(path.parent.name for path in place.glob("*/manifest.json")) if place.is_dir() else []
