"""What can be said from the scores of a few images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import wilcoxon

_RESAMPLES = 10_000
_SEED = 20161


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % bootstrap interval over images."""

    mean: float
    lo: float
    hi: float
    n: int


@dataclass(frozen=True)
class PairedDifference:
    """Mean of the differences a - b image by image, its 95 % interval and the Wilcoxon p value."""

    mean: float
    lo: float
    hi: float
    n: int
    p: float
    """Two-sided signed-rank test; with n images it cannot fall below 2 / 2^n."""


def bootstrap_interval(values: Sequence[float]) -> Interval:
    """Percentile bootstrap of the mean (Efron, 1979), 10,000 resamples, fixed seed; NaN values are left out.

    A single value has no interval: its limits are NaN.
    """
    data = np.asarray(values, np.float64)
    data = data[np.isfinite(data)]
    if data.size < 2:
        mean = float(data[0]) if data.size else float("nan")
        return Interval(mean, float("nan"), float("nan"), int(data.size))
    draws = np.random.default_rng(_SEED).integers(data.size, size=(_RESAMPLES, data.size))
    lo, hi = np.percentile(data[draws].mean(axis=1), (2.5, 97.5))
    return Interval(float(data.mean()), float(lo), float(hi), int(data.size))


def paired_difference(a: Sequence[float], b: Sequence[float]) -> PairedDifference:
    """Compare two methods on the same images, in the same order."""
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} scores are not pairs")
    difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    interval = bootstrap_interval(difference.tolist())
    finite = difference[np.isfinite(difference)]
    p = float(wilcoxon(finite).pvalue) if np.any(finite) else 1.0
    return PairedDifference(interval.mean, interval.lo, interval.hi, interval.n, p)
