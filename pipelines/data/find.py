"""Prepared datasets by their names."""

from pathlib import Path

from pipelines.data.datasets import list_datasets
from pipelines.home import home
from pipelines.people.acting import may_be_told_of
from pipelines.people.dataset_owner import dataset_ownership
from sem_models.datasets.dataset import MANIFEST, Dataset, open_dataset
from sem_models.errors import FieldRef, UserError
from sem_models.names import quoted, shown
from sem_models.suggestions import did_you_mean


def dataset_folder(name: str) -> Path:
    """Return the folder of a dataset that may exist or not.

    Raises:
        UserError: The name would lead out of the folder of all datasets.
    """
    try:
        return home().dataset(name)
    except ValueError as error:
        raise UserError(FieldRef("dataset"), f" {shown(name)}: {error}.") from error


def find_dataset(name: str) -> Dataset:
    """Open the dataset of that name, as it is written or in NFKC, in which new names are stored.

    Raises:
        UserError: There is no such dataset, or it is damaged.
    """
    folder = dataset_folder(name)
    if not (folder / MANIFEST).is_file():
        known = [one for one in list_datasets() if may_be_told_of(dataset_ownership(one))]
        similar = did_you_mean(name, known)
        raise UserError(f"There is no dataset {quoted(name)} in {home().datasets}; prepare it first. {similar}")
    return open_dataset(folder)
