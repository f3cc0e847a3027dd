"""The true columns of simulated lattices, stored beside the arrays of a dataset: one `.npz` file for each image."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.errors import UserError
from sem_models.physics.simulators.columns import Columns
from sem_models.physics.simulators.dents import Dent

_DENTS: TypeAdapter[tuple[Dent, ...]] = TypeAdapter(tuple[Dent, ...])
_PER_SITE = {"sites": 2, "centres": 2, "sublattice": 1, "full": 1, "occupancy": 1}
"""Arrays with one row for each site, by their number of dimensions."""


def store_columns(dataset: Dataset, entry: Entry, columns: Columns) -> None:
    """Store the true columns of an image; intensities in the native grey levels of its file.

    The file does not belong to the content of the dataset: the digest, which covers the settings that the image was
    simulated with, does not change.
    """
    path = _place(dataset, entry)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(
            file,
            **{name: getattr(columns, name) for name in _PER_SITE},
            scale=np.array([columns.sigma_px, columns.period_px]),
            dents=np.array(_DENTS.dump_json(columns.dents).decode()),
        )
    part.replace(path)


def columns_of(dataset: Dataset, entry: Entry) -> Columns | None:
    """Return the true columns of an image in the unit intensity of the dataset; None if it was stored without.

    Raises:
        UserError: The file is damaged.
    """
    path = _place(dataset, entry)
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            columns = _checked({name: stored[name] for name in stored.files})
    except (OSError, ValueError, KeyError, BadZipFile, ValidationError) as error:
        raise UserError(
            f"{path}: the true columns cannot be read; delete the file and simulate the dataset again."
        ) from error
    lo, hi = entry.array(dataset.sharp_role).intensity
    return columns.times(1 / (hi - lo))


def _place(dataset: Dataset, entry: Entry) -> Path:
    return dataset.folder / Path(entry.array(dataset.sharp_role).file).with_suffix(".columns.npz")


def _checked(stored: dict[str, NDArray[np.generic]]) -> Columns:
    arrays = {name: stored[name] for name in _PER_SITE}
    count = len(arrays["sites"])
    for name, dimensions in _PER_SITE.items():
        if arrays[name].shape != (count, 2)[:dimensions]:
            raise ValueError(f"{name} has the shape {arrays[name].shape}")
    sigma_px, period_px = (float(value) for value in stored["scale"])
    return Columns(
        sites=arrays["sites"].astype(np.float64),
        centres=arrays["centres"].astype(np.float64),
        sublattice=arrays["sublattice"].astype(np.int64),
        full=arrays["full"].astype(np.float64),
        occupancy=arrays["occupancy"].astype(np.float64),
        sigma_px=sigma_px,
        period_px=period_px,
        dents=_DENTS.validate_json(str(stored["dents"])),
    )
