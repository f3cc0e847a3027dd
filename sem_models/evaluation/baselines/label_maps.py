"""Baselines for label maps, which use the training split only and see nothing of a test image."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sem_models.config.networks.capabilities import Capabilities
from sem_models.datasets.dataset import Dataset


@dataclass(frozen=True)
class ClassMeans:
    """A synthesis baseline: every pixel has the mean grey of its class in the training split."""

    greys: tuple[float, ...]
    """Unit intensity of each class."""
    name: str = "baseline:class-means"

    @property
    def capabilities(self) -> Capabilities:
        """One channel in for each class, one out, no halo."""
        return Capabilities(len(self.greys), 1, 1, 0)

    def __call__(self, x: Tensor) -> Tensor:
        """Fill one-hot masks (N, K, H, W) with greys; returns (N, 1, H, W)."""
        greys = torch.tensor(self.greys, device=x.device)[:, None, None]
        return (x * greys).sum(1, keepdim=True)


@dataclass(frozen=True)
class Majority:
    """A segmentation baseline: every pixel has the most frequent class of the training split."""

    index: int
    classes: int
    name: str = "baseline:majority"

    @property
    def capabilities(self) -> Capabilities:
        """One channel in, one out for each class, no halo."""
        return Capabilities(1, self.classes, 1, 0)

    def __call__(self, x: Tensor) -> Tensor:
        """Return (N, K, H, W) logits for (N, C, H, W): 1 for the most frequent class, 0 for the others."""
        logits = torch.zeros(len(x), self.classes, *x.shape[2:], device=x.device)
        logits[:, self.index] = 1
        return logits


def class_means(dataset: Dataset) -> ClassMeans:
    """Measure the mean grey of each class in the training split; a class that it lacks gets the overall mean."""
    pixels, greys = _totals(dataset)
    means = np.where(pixels > 0, greys / np.maximum(pixels, 1), greys.sum() / pixels.sum())
    return ClassMeans(tuple(means.tolist()))


def majority(dataset: Dataset) -> Majority:
    """Find the most frequent class of the training split."""
    pixels, _ = _totals(dataset)
    return Majority(int(pixels.argmax()), len(pixels))


def _totals(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of pixels and the summed unit intensity of each class, (K,) each."""
    count = len(dataset.manifest.label_values)
    pixels, greys = np.zeros(count), np.zeros(count)
    for entry in dataset.entries("train"):
        classes = dataset.array(entry, "mask").ravel()
        grey = dataset.unit(entry, "image").mean(axis=0).ravel()
        pixels += np.bincount(classes, minlength=count)
        greys += np.bincount(classes, weights=grey, minlength=count)
    return pixels, greys
