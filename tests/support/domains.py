"""Small datasets without pairs."""

from pathlib import Path

import numpy as np

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph


def write_all(folder: Path, letter: str, images: list[np.ndarray]) -> Path:
    """Write 8-bit TIFF files `letter0.tif`, `letter1.tif` and so on."""
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        write_micrograph(folder / f"{letter}{index}.tif", Micrograph(image[:, :, None].astype(np.uint8), 2.5))
    return folder


def flat_images(folder: Path, count: int, size: int = 80) -> Dataset:
    """A dataset of single images, each with its own uniform grey level."""
    raw = write_all(folder / "raw", "S", [np.full((size, size), 20 + 10 * index) for index in range(count)])
    return write_dataset(plan_dataset(PrepareOptions(name="flat", raw=(raw,), databar_rows=0)), folder / "flat")


def unpaired(folder: Path, first: list[np.ndarray], second: list[np.ndarray]) -> Dataset:
    """An unpaired dataset; images with the same number belong to one specimen, and so to one split."""
    raw, target = write_all(folder / "a", "a", first), write_all(folder / "b", "b", second)
    options = PrepareOptions(
        name="u", raw=(raw,), kind="unpaired", target=target, group_by=r"^\w(\d)", databar_rows=0, join_same_field=False
    )
    return write_dataset(plan_dataset(options), folder / "datasets" / "u")
