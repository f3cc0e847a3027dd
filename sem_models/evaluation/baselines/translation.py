"""A baseline of translation between contrasts that ignores the input: a constant grey."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from sem_models.config.intensity import IntensityLimits
from sem_models.config.networks.capabilities import Capabilities
from sem_models.datasets.dataset import Dataset

CONSTANT = "baseline:constant"


@dataclass(frozen=True)
class Constant:
    """The same grey for every pixel of every image."""

    value: float
    """In unit intensity."""
    scale: int
    limits: IntensityLimits | None = None
    """Of the roles of the dataset, in whose target the grey was measured."""
    name: str = CONSTANT

    @property
    def capabilities(self) -> Capabilities:
        """One channel in and out, no halo, because the input is ignored."""
        return Capabilities(1, 1, self.scale, 0)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the grey as (N, 1, H x scale, W x scale) for (N, C, H, W)."""
        return x.new_full((len(x), 1, x.shape[2] * self.scale, x.shape[3] * self.scale), self.value)


def constant_baseline(dataset: Dataset) -> Constant:
    """Return the mean grey of the training split's targets, the constant with the least mean squared error there.

    The test split is not used.
    """
    sums, pixels = 0.0, 0
    for entry in dataset.entries("train"):
        target = dataset.unit(entry, dataset.sharp_role)
        sums, pixels = sums + float(target.sum(dtype=np.float64)), pixels + target.size
    layout, limits = dataset.manifest.layout, dataset.manifest.limits
    given, made = limits(layout.image_roles[0]), limits(layout.sharp_role)
    known = IntensityLimits(input=given, output=made) if given and made else None
    return Constant(sums / pixels if pixels else 0.5, pair_scale(dataset), known)


def pair_scale(dataset: Dataset) -> int:
    """Return how many times larger targets are than inputs; 1 if there are no pairs."""
    if not dataset.manifest.layout.is_paired or not dataset.manifest.entries:
        return 1
    entry = dataset.manifest.entries[0]
    return max(entry.array("target").shape[0] // entry.array("input").shape[0], 1)
