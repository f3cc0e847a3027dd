"""What scores on label maps are worth: baselines that know the training split and nothing of a test image."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sem_models.config.networks.capabilities import Capabilities
from sem_models.datasets.dataset import Dataset


@dataclass(frozen=True)
class ClassMeans:
    """Every pixel has the mean grey of its class in the training split."""

    greys: tuple[float, ...]
    """Unit intensity of each class."""
    name: str = "baseline:class-means"

    @property
    def capabilities(self) -> Capabilities:
        """No halo."""
        return Capabilities(len(self.greys), 1, 1, 0)

    def __call__(self, x: Tensor) -> Tensor:
        """(N, K, H, W) one-hot to (N, 1, H, W)."""
        greys = torch.tensor(self.greys, device=x.device)[:, None, None]
        return (x * greys).sum(1, keepdim=True)


@dataclass(frozen=True)
class Majority:
    """Every pixel is of the class that is the most frequent one in the training split."""

    index: int
    classes: int
    name: str = "baseline:majority"

    @property
    def capabilities(self) -> Capabilities:
        """No halo."""
        return Capabilities(1, self.classes, 1, 0)

    def __call__(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, K, H, W) logits."""
        logits = torch.zeros(len(x), self.classes, *x.shape[2:], device=x.device)
        logits[:, self.index] = 1
        return logits


def class_means(dataset: Dataset) -> ClassMeans:
    """Of the training split; a class that it lacks gets the mean of all."""
    pixels, greys = _totals(dataset)
    means = np.where(pixels > 0, greys / np.maximum(pixels, 1), greys.sum() / pixels.sum())
    return ClassMeans(tuple(means.tolist()))


def majority(dataset: Dataset) -> Majority:
    """Of the training split."""
    pixels, _ = _totals(dataset)
    return Majority(int(pixels.argmax()), len(pixels))


def _totals(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and summed unit intensities by class."""
    count = len(dataset.manifest.label_values)
    pixels, greys = np.zeros(count), np.zeros(count)
    for entry in dataset.entries("train"):
        classes = dataset.array(entry, "mask").ravel()
        grey = dataset.unit(entry, "image").mean(axis=0).ravel()
        pixels += np.bincount(classes, minlength=count)
        greys += np.bincount(classes, weights=grey, minlength=count)
    return pixels, greys
