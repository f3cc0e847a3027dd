"""Training patches of a plan or a dataset, as the network will get them: scaled, cropped, turned and degraded.

They come from the training's own stream of batches, so that nothing is done in a second way here; the chosen images of
a plan are registered and prepared in a temporary folder before.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sem_models.config.overrides import override
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Kind
from sem_models.datasets.preparation.plan import Plan
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.display import coloured
from sem_models.tasks.compatibility import adapt
from sem_models.tasks.table import find_task

if TYPE_CHECKING:
    from torch import Tensor

Picture = NDArray[np.uint8]
_IMAGES = 2
"""How many images of each role the patches come from."""
_FEW = 4
"""Channels up to which an image is shown as their mean; more are the classes of a mask."""


@dataclass(frozen=True)
class Patch:
    """One patch as the network gets it, and what it shall return; (H, W) or (H, W, 3), black at 0 and white at 1."""

    given: Picture
    wanted: Picture


def recipes_for(kind: Kind) -> list[str]:
    """Return the names of the recipes that are meant for a kind of dataset, those for small machines first."""
    fitting = [name for name, recipe in RECIPES.items() if kind in find_task(recipe).usual_kinds(recipe)]
    return sorted(fitting, key=lambda name: not name.endswith("-small"))


def training_patches(
    plan: Plan, recipe: str, count: int, seed: int = 0, first: Sequence[str] = ()
) -> tuple[Patch, ...]:
    """Draw training patches from a few images of a plan.

    Args:
        plan: The plan; images of any split may be looked at.
        recipe: Name of the recipe, whose forward model and patch size are used.
        count: Number of patches.
        seed: Equal seeds draw equal patches.
        first: Samples that are used before others.

    Raises:
        UserError: The recipe cannot learn from the images, or an image is smaller than a patch.
    """
    few = replace(plan, images=_few(plan, first), pairs=tuple(pair for pair in plan.pairs if not pair.rejected))
    with tempfile.TemporaryDirectory() as folder:
        return _drawn(write_dataset(few, Path(folder) / "patches"), RECIPES[recipe], count, seed)


def dataset_patches(dataset: Dataset, recipe: Recipe, count: int, seed: int = 0) -> tuple[Patch, ...]:
    """Draw training patches from a few training images of a prepared dataset.

    Raises:
        UserError: The recipe cannot learn from the dataset, or an image is smaller than a patch.
    """
    layout, entries = dataset.manifest.layout, dataset.entries("train")
    roles = layout.roles if layout.is_unpaired else layout.roles[:1]
    of_role = [[entry for entry in entries if entry.has(role)][:_IMAGES] for role in roles]
    few = tuple(entry for entry in entries if any(entry in own for own in of_role))
    return _drawn(Dataset(dataset.folder, dataset.manifest.model_copy(update={"entries": few})), recipe, count, seed)


def _drawn(dataset: Dataset, recipe: Recipe, count: int, seed: int) -> tuple[Patch, ...]:
    import torch

    from sem_models.tasks.batches import BatchSource

    changed = override(recipe, [f"train.batch={count}", f"train.seed={seed}"])
    batch = BatchSource(adapt(changed, dataset.manifest), dataset, torch.device("cpu")).next()
    pairs = zip(batch["input"], batch["target"], strict=True)
    return tuple(Patch(_picture(given), _picture(wanted)) for given, wanted in pairs)


def montage(patches: Sequence[Patch], edge_px: int) -> Picture:
    """Put patches side by side, inputs above targets, each enlarged by a whole factor to at least `edge_px`; (H, W, 3).

    Pixels stay visible as squares, and what is smaller is shown with larger ones.
    """
    rows = [
        [_enlarged(patch.given, edge_px) for patch in patches],
        [_enlarged(patch.wanted, edge_px) for patch in patches],
    ]
    height, width = (max(one.shape[axis] for row in rows for one in row) for axis in (0, 1))
    gap = max(2, edge_px // 40)
    sheet = np.full((2 * height + gap, len(patches) * (width + gap) - gap, 3), 128, np.uint8)
    for down, row in enumerate(rows):
        for across, one in enumerate(row):
            top, left = down * (height + gap), across * (width + gap)
            sheet[top : top + one.shape[0], left : left + one.shape[1]] = one
    return sheet


def _few(plan: Plan, first: Sequence[str]) -> tuple[PlannedImage, ...]:
    """Return a few samples of each role, all for training, `first` and then those for training before others."""
    order = sorted(plan.images, key=lambda image: (image.sample not in first, image.split != "train", image.sample))
    chosen: set[tuple[str, str]] = set()
    for role in plan.options.layout.roles if plan.options.layout.is_unpaired else plan.options.layout.roles[:1]:
        names = [image.sample for image in order if image.role == role][:_IMAGES]
        chosen |= {(name, role) for name in names}
    unpaired, samples = plan.options.layout.is_unpaired, {name for name, _ in chosen}
    kept = [i for i in plan.images if ((i.sample, i.role) in chosen if unpaired else i.sample in samples)]
    return tuple(replace(image, split="train") for image in kept)


def _picture(unit: "Tensor") -> Picture:
    """Show (C, H, W) in unit intensity, or one channel for each class, or (H, W) classes."""
    values: NDArray[Any] = unit.numpy()
    if values.ndim == 2:
        return coloured(values.astype(np.int64))
    is_classes = len(values) > 1 and np.array_equal(values.sum(axis=0), np.ones(values.shape[1:], values.dtype))
    if is_classes or len(values) > _FEW + 2:
        return coloured(values.argmax(axis=0))
    grey: Picture = np.rint(255 * np.clip(values.mean(axis=0), 0, 1)).astype(np.uint8)
    return grey


def _enlarged(picture: Picture, edge_px: int) -> Picture:
    factor = max(1, -(-edge_px // max(picture.shape[:2])))
    colour = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
    return colour.repeat(factor, axis=0).repeat(factor, axis=1)
