"""Means over specimens with their 95 % intervals, and tests of differences.

A specimen is the unit: images of one share its faults, and counting them one by one makes intervals too narrow. The
variance of a mean over images is that of the delete-one-group jackknife (Quenouille, 1956; Cameron, Gelbach and Miller,
2008), the quantile that of Student's t with one degree of freedom fewer than there are specimens.
`benchmarks/statistics` simulates how often such intervals hold the truth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

_QUANTILE = 0.975
FEWEST_GROUPS = 3
"""With fewer specimens there is no interval."""
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean over images with its 95 % interval over specimens; the limits are NaN where there is none."""

    mean: float
    lo: float
    hi: float
    n: int
    """Images that the mean is taken over."""


@dataclass(frozen=True)
class PairedDifference(Interval):
    """Mean of the differences of two methods image by image, its 95 % interval over specimens, and a p value."""

    p: float
    """Two-sided signed-rank test over specimens."""


@dataclass(frozen=True)
class _Mean:
    """A mean, its variance, and the degrees of freedom that the variance was estimated with."""

    value: float
    variance: float
    freedom: float
    n: int

    def interval(self) -> Interval:
        half = float(stdtrit(self.freedom, _QUANTILE)) * math.sqrt(self.variance)
        return Interval(self.value, self.value - half, self.value + half, self.n)


def cluster_interval(values: Sequence[float], groups: Sequence[str]) -> Interval:
    """Return the mean over images with its 95 % interval over specimens.

    Args:
        values: One value for each image; NaN values are left out.
        groups: The specimen of each image. With fewer than `FEWEST_GROUPS` of them the limits are NaN.

    Raises:
        ValueError: The two have different lengths.
    """
    if len(values) != len(groups):
        raise ValueError(f"{len(values)} values and {len(groups)} groups are not pairs")
    data, names = _finite(values, groups)
    if np.unique(names).size < FEWEST_GROUPS:
        mean = float(data.mean()) if data.size else float("nan")
        return Interval(mean, float("nan"), float("nan"), int(data.size))
    return _over_groups(data, names).interval()


def paired_difference(a: Sequence[float], b: Sequence[float], groups: Sequence[str]) -> PairedDifference:
    """Return a - b on the same images, in the same order; an image that one of them has no score for is left out.

    Raises:
        ValueError: The three have different lengths.
    """
    differences = [ours - theirs for ours, theirs in zip(a, b, strict=True)]
    interval = cluster_interval(differences, groups)
    return PairedDifference(interval.mean, interval.lo, interval.hi, interval.n, signed_rank_p(differences, groups))


def seeds_interval(model: ArrayLike, reference: ArrayLike, groups: Sequence[str]) -> Interval:
    """Return the mean difference of two methods, each trained with several seeds, with its 95 % interval.

    Two sources of chance are counted: which specimens were recorded, and which seeds were drawn. Their variances add
    up, and the degrees of freedom follow from both (Satterthwaite, 1946). With one seed of a method its spread over
    seeds is unknown, and the interval is over specimens alone.

    Args:
        model: (seeds, images) scores. An image that any run has no score for is left out.
        reference: (seeds, images) scores of the same images; the number of seeds may differ.
        groups: The specimen of each image.

    Returns:
        Model minus reference; the limits are NaN with fewer than `FEWEST_GROUPS` specimens.

    Raises:
        ValueError: The tables do not have one column for each image.
    """
    tables = [np.atleast_2d(np.asarray(scores, np.float64)) for scores in (model, reference)]
    if any(table.ndim != 2 or table.shape[1] != len(groups) for table in tables):
        raise ValueError(f"{[table.shape for table in tables]} are not (seeds, {len(groups)} images)")
    known = np.all([np.isfinite(table).all(axis=0) for table in tables], axis=0)
    first, second = (table[:, known] for table in tables)
    names = np.asarray(groups, np.str_)[known]
    differences = first.mean(axis=0) - second.mean(axis=0)
    if np.unique(names).size < FEWEST_GROUPS:
        return cluster_interval(differences.tolist(), names.tolist())
    parts = [_over_groups(differences, names), *(_over_seeds(table) for table in (first, second) if len(table) > 1)]
    variance = sum(part.variance for part in parts)
    freedom = variance**2 / sum(part.variance**2 / part.freedom for part in parts) if variance else parts[0].freedom
    return _Mean(parts[0].value, variance, freedom, parts[0].n).interval()


def signed_rank_p(differences: Sequence[float], groups: Sequence[str]) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test over specimens (each the mean of its images).

    NaN values are left out; 1 where nothing differs. With n specimens it cannot fall below `smallest_p(n)`.
    """
    from scipy.stats import wilcoxon  # SciPy's statistics take seconds to import

    data, names = _finite(differences, groups)
    _, index = np.unique(names, return_inverse=True)
    means = np.bincount(index, data) / np.bincount(index) if data.size else data
    return float(wilcoxon(means).pvalue) if np.any(means) else 1.0


def smallest_p(n: int) -> float:
    """Return the signed-rank p where all n differences have one sign: no n specimens can give less."""
    return min(1.0, 2.0 / 2.0**n)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return step-down adjusted p values of one family of tests, in the order given (Holm, 1979)."""
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _finite(values: Sequence[float], groups: Sequence[str]) -> tuple[Values, NDArray[np.str_]]:
    data = np.asarray(values, np.float64)
    known = np.isfinite(data)
    return data[known], np.asarray(groups, np.str_)[known]


def _over_groups(data: Values, names: NDArray[np.str_]) -> _Mean:
    """Return the mean over images, with the variance of the jackknife that leaves out one group at a time."""
    _, index = np.unique(names, return_inverse=True)
    sums, counts = np.bincount(index, data), np.bincount(index)
    without = (sums.sum() - sums) / (counts.sum() - counts)
    groups = sums.size
    variance = (groups - 1) / groups * float(((without - without.mean()) ** 2).sum())
    return _Mean(float(data.mean()), variance, groups - 1, int(data.size))


def _over_seeds(table: Values) -> _Mean:
    means = table.mean(axis=1)
    return _Mean(float(means.mean()), float(means.var(ddof=1)) / len(means), len(means) - 1, table.shape[1])
