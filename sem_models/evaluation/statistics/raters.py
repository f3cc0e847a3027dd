"""Statistics of raters' answers: proportions with intervals, and agreement beyond chance."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

_LEVEL = 0.95


@dataclass(frozen=True)
class Proportion:
    """`hits` of `n` with the Wilson 95 % interval and a test against 1/2; NaN if n is 0."""

    hits: int
    n: int
    rate: float
    lo: float
    hi: float
    p: float
    """Two-sided exact binomial p against 1/2. It treats answers as independent, so it is too small if pooled over
    raters who saw the same pictures."""


def proportion(hits: int, n: int) -> Proportion:
    """Compute a rate with the score interval of Wilson (1927), which stays inside [0, 1] even if all answers agree.

    A fool rate is the proportion of wrong answers: generated pictures called real, or wrong choices in a pair.

    Raises:
        ValueError: `hits` is not in 0..n.
    """
    from scipy.stats import binomtest  # SciPy's statistics take seconds to import

    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits of {n}")
    if n == 0:
        return Proportion(0, 0, *(float("nan"),) * 4)
    test = binomtest(hits, n, 0.5)
    interval = test.proportion_ci(_LEVEL, method="wilson")
    return Proportion(hits, n, hits / n, float(interval.low), float(interval.high), float(test.pvalue))


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Compute the agreement of two raters beyond chance, (p_o - p_e) / (1 - p_e) (Cohen, 1960).

    Args:
        first: The category that one rater gave each subject.
        second: The categories of the other rater, in the same order.

    Returns:
        Kappa: 1 is full agreement, 0 is chance. NaN without subjects, and if both used a single, equal category
        throughout, which chance alone explains.

    Raises:
        ValueError: The two differ in length.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} ratings are not pairs")
    if not first:
        return float("nan")
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    expected = sum(first.count(name) * second.count(name) for name in set(first)) / n**2
    return _beyond_chance(observed, expected)


def fleiss_kappa(counts: ArrayLike) -> float:
    """Compute the agreement of several raters beyond chance (Fleiss, 1971).

    Args:
        counts: (subjects, categories) table of how many raters put a subject into a category. Every subject has the
            same number of raters, though not necessarily the same ones.

    Returns:
        Kappa: 1 is full agreement, 0 is chance. NaN without subjects, and if one category received every rating.

    Raises:
        ValueError: Not a table, subjects have different numbers of ratings, or fewer than two.
    """
    table = np.asarray(counts, np.float64)
    if table.ndim != 2:
        raise ValueError(f"A table of subjects and categories is needed, not shape {table.shape}")
    if not table.size:
        return float("nan")
    ratings = table.sum(axis=1)
    raters = float(ratings[0])
    if np.any(ratings != raters) or raters < 2:
        raise ValueError("Every subject needs the same number of ratings, at least two")
    observed = float(((table**2).sum(axis=1) - raters).mean() / (raters * (raters - 1)))
    shares = table.sum(axis=0) / table.sum()
    return _beyond_chance(observed, float((shares**2).sum()))


def _beyond_chance(observed: float, expected: float) -> float:
    return (observed - expected) / (1 - expected) if expected < 1 else float("nan")
