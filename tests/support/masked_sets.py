"""Datasets with masks."""

from pathlib import Path

import numpy as np
from PIL import Image

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset

RAW_OF_CLASS = np.array([0, 127, 255], np.uint8)
GREY_OF_CLASS = np.array([40, 120, 220], np.uint8)


def rings(seed: int, size: int = 64) -> np.ndarray:
    """(H, W) classes: discs of class 2 with a ring of class 1 on class 0."""
    rows, columns = np.mgrid[:size, :size]
    row, column = np.random.default_rng(seed).uniform(20, size - 20, 2)
    distance = np.hypot(rows - row, columns - column)
    return np.where(distance < 9, 2, np.where(distance < 14, 1, 0))


def masked_files(
    folder: Path, names: list[str], masks: list[np.ndarray], suffix: str = "_mask.png", images: list | None = None
) -> PrepareOptions:
    """Write masks as files next to images; the images are noise unless given, and may resemble each other."""
    rng = np.random.default_rng(0)
    for place in ("raw", "masks"):
        (folder / place).mkdir(exist_ok=True, parents=True)
    for index, (name, mask) in enumerate(zip(names, masks, strict=True)):
        grey = images[index] if images else rng.integers(0, 256, mask.shape[:2], dtype=np.uint8)
        Image.fromarray(grey).save(folder / "raw" / f"{name}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{name}{suffix}")
    return PrepareOptions(name="m", raw=(folder / "raw",), kind="masked", masks=folder / "masks", join_same_field=False)


def grey_classes(folder: Path, count: int = 5, size: int = 64) -> Dataset:
    """Images of rings with one grey level for each class, with their masks, in `folder`/m."""
    classes = [rings(seed, size) for seed in range(count)]
    names = [f"S{index}-a" for index in range(count)]
    images = [GREY_OF_CLASS[mask] for mask in classes]
    options = masked_files(folder, names, [RAW_OF_CLASS[mask] for mask in classes], images=images)
    return write_dataset(plan_dataset(options), folder / "m")


def with_masks(dataset: Dataset) -> Dataset:
    """The images of a single dataset, with masks in which bright pixels are class 1."""
    entries = dataset.manifest.entries
    images = [np.array(dataset.array(entry, "image")[..., 0]) for entry in entries]
    masks = [np.where(image > 125, 255, 0).astype(np.uint8) for image in images]
    folder = dataset.folder.with_name("masked")
    options = masked_files(folder, [entry.name.split(".")[0] for entry in entries], masks, images=images)
    return write_dataset(plan_dataset(options), folder / "m")
