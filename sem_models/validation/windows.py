"""How much of the validation split is looked at during training, so that it takes at most a twentieth of the time."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry
from sem_models.datasets.sampling.fixed_noise import frame_seed

_SHARE = 1 / 20
"""Pixels of a validation over those trained on since the one before. A pixel takes longer to learn than to score."""
_UNIT_PX = 64
_LEAST_PX = 256


def validation_part(recipe: Recipe, dataset: Dataset) -> "ValidationWindows":
    """Return the dataset with a square window of each validation image, or with whole images if those are small.

    The edge is a multiple of 64 px and at least 256 px; the place follows from the name of the image. Both depend on
    nothing that was measured, so a run always ranks its checkpoints by the same pixels.
    """
    settings, images = recipe.train, dataset.entries("val")
    trained = settings.validate_every * settings.batch * settings.patch**2
    edge = math.isqrt(int(_SHARE * trained / max(len(images), 1))) // _UNIT_PX * _UNIT_PX
    least = max(_LEAST_PX, -(-settings.patch // _UNIT_PX) * _UNIT_PX)
    return ValidationWindows(dataset.folder, dataset.manifest, max(edge, least))


@dataclass(frozen=True)
class ValidationWindows(Dataset):
    """A dataset whose validation images are windows of the stored ones."""

    edge_px: int
    """In pixels of the largest image of a sample."""

    def array(self, entry: Entry, role: Role) -> NDArray[Any]:
        """Return the image, or its window, as (H, W, C) in its native dtype."""
        whole = super().array(entry, role)
        if entry.split != "val":
            return whole
        height, width = (max(array.shape[axis] for array in entry.arrays) for axis in (0, 1))
        rows, columns = self._window(entry.name, height, width)
        shrink = round(height / whole.shape[0])
        return whole[rows.start // shrink : rows.stop // shrink, columns.start // shrink : columns.stop // shrink]

    def _window(self, name: str, height: int, width: int) -> tuple[slice, slice]:
        places = np.random.default_rng(frame_seed(name, "window")).random(2)
        starts = [
            int(place * (max(size - self.edge_px, 0) // _UNIT_PX + 1)) * _UNIT_PX
            for place, size in zip(places, (height, width), strict=True)
        ]
        rows, columns = (
            slice(start, min(start + self.edge_px, size)) for start, size in zip(starts, (height, width), strict=True)
        )
        return rows, columns
