"""Confidence intervals and tests for the scores of a few images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wilcoxon

_RESAMPLES = 10_000
_SEED = 20161
_LIMITS = (2.5, 97.5)
FEWEST_GROUPS = 3
"""With fewer specimens than this, resampling says nothing."""


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % bootstrap interval over images."""

    mean: float
    lo: float
    hi: float
    n: int


@dataclass(frozen=True)
class PairedDifference:
    """Mean of the differences a - b, image by image, with its 95 % interval and the Wilcoxon p value."""

    mean: float
    lo: float
    hi: float
    n: int
    p: float
    """p of the two-sided signed-rank test; with n images it cannot fall below 2 / 2^n."""


def bootstrap_interval(values: Sequence[float]) -> Interval:
    """Compute the percentile bootstrap of the mean (Efron, 1979), 10,000 resamples, fixed seed; NaN values are ignored.

    A single value has no interval: its limits are NaN.
    """
    data = np.asarray(values, np.float64)
    data = data[np.isfinite(data)]
    if data.size < 2:
        mean = float(data[0]) if data.size else float("nan")
        return Interval(mean, float("nan"), float("nan"), int(data.size))
    draws = np.random.default_rng(_SEED).integers(data.size, size=(_RESAMPLES, data.size))
    lo, hi = np.percentile(data[draws].mean(axis=1), _LIMITS)
    return Interval(float(data.mean()), float(lo), float(hi), int(data.size))


def cluster_interval(values: Sequence[float], groups: Sequence[str]) -> Interval:
    """Compute the percentile bootstrap of the mean over images, resampling whole groups (Davison and Hinkley, 1997).

    Images of one specimen are not independent; resampling them one by one would make the interval too narrow.

    Args:
        values: One value for each image; NaN values are ignored.
        groups: The specimen of each image. With fewer than `FEWEST_GROUPS` specimens the limits are NaN.
    """
    if len(values) != len(groups):
        raise ValueError(f"{len(values)} values and {len(groups)} groups are not pairs")
    data = np.asarray(values, np.float64)
    finite = np.isfinite(data)
    names, index = np.unique(np.asarray(groups, np.str_)[finite], return_inverse=True)
    data = data[finite]
    mean = float(data.mean()) if data.size else float("nan")
    if names.size < FEWEST_GROUPS:
        return Interval(mean, float("nan"), float("nan"), int(data.size))
    lo, hi = np.percentile(
        _cluster_means(np.asarray(np.bincount(index, data), np.float64), np.asarray(np.bincount(index), np.float64)),
        _LIMITS,
    )
    return Interval(mean, float(lo), float(hi), int(data.size))


def _cluster_means(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means over images of resampled groups, from the sum and the number of images of each group."""
    draws = np.random.default_rng(_SEED).integers(sums.size, size=(_RESAMPLES, sums.size))
    means: NDArray[np.float64] = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    return means


def signed_rank_p(differences: Sequence[float]) -> float:
    """Compute the two-sided Wilcoxon signed-rank p; NaN values are ignored; 1 if nothing differs.

    It treats the differences as independent, so it is too small if a specimen has several images.
    """
    data = np.asarray(differences, np.float64)
    data = data[np.isfinite(data)]
    return float(wilcoxon(data).pvalue) if np.any(data) else 1.0


def smallest_p(n: int) -> float:
    """Return the smallest signed-rank p of n images, where all differences have the same sign."""
    return min(1.0, 2.0 / 2.0**n)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p values of one family of tests (Holm, 1979); returned in the order given."""
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def paired_difference(a: Sequence[float], b: Sequence[float]) -> PairedDifference:
    """Compare two methods on the same images, in the same order."""
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} scores are not pairs")
    difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    interval = bootstrap_interval(difference.tolist())
    p = signed_rank_p(difference.tolist())
    return PairedDifference(interval.mean, interval.lo, interval.hi, interval.n, p)
