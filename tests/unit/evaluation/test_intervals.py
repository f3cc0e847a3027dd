"""Intervals and tests over specimens and seeds, against scipy, by hand and by simulation."""

import numpy as np
import pytest
from scipy.stats import t, ttest_1samp, ttest_ind, wilcoxon

from sem_models.evaluation.statistics.intervals import (
    Interval,
    cluster_interval,
    holm,
    seeds_interval,
    signed_rank_p,
    smallest_p,
)

SIZES = (1, 1, 1, 1, 1, 1, 2, 2, 3)
"""Images of each specimen of a usual test split: 13 images of 9 specimens."""
NAMES = [name for name, size in zip("abcdefghi", SIZES, strict=True) for _ in range(size)]


def holds(interval: Interval, truth: float = 0.0) -> bool:
    return interval.lo <= truth <= interval.hi


def test_holm_by_hand() -> None:
    """Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04; the last may not fall below 0.06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.6]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


@pytest.mark.parametrize("n", range(1, 11))
def test_smallest_p_is_reached_by_one_sign_and_never_passed(n: int) -> None:
    names = [str(index) for index in range(n)]
    assert signed_rank_p(np.arange(1.0, n + 1).tolist(), names) == pytest.approx(smallest_p(n))
    rng = np.random.default_rng(n)
    for _ in range(6):
        values = np.round(rng.normal(0.5, 1, n), 1)  # ties and zeros among them
        assert signed_rank_p(values.tolist(), names) >= smallest_p(n) - 1e-12


def test_specimens_of_one_size_give_the_t_interval_of_their_means() -> None:
    values = np.random.default_rng(1).normal(2, 1, (6, 3))
    interval = cluster_interval(values.ravel().tolist(), [name for name in "abcdef" for _ in range(3)])
    expected = ttest_1samp(values.mean(axis=1), 0).confidence_interval(0.95)
    assert (interval.lo, interval.hi) == pytest.approx((expected.low, expected.high))
    assert (interval.mean, interval.n) == (pytest.approx(values.mean()), 18)


def test_unequal_specimens_by_hand() -> None:
    """a: 1, 3; b: 2; c: 6. Means without a, b, c: 4, 10/3, 2; their squared deviations sum to 56/27, times 2/3."""
    interval = cluster_interval([1.0, 3.0, 2.0, 6.0, float("nan")], ["a", "a", "b", "c", "d"])
    half = t.ppf(0.975, 2) * np.sqrt(2 / 3 * 56 / 27)
    assert (interval.lo, interval.mean, interval.hi) == pytest.approx((3 - half, 3, 3 + half))
    assert interval.n == 4
    assert np.isnan(cluster_interval([1.0, 2.0, 3.0], list("aab")).lo), "two specimens give no interval"
    with pytest.raises(ValueError, match="not pairs"):
        cluster_interval([1.0], ["a", "b"])


@pytest.mark.parametrize("draw", ["normal", "skewed"])
def test_the_interval_covers_at_nine_specimens(draw: str) -> None:
    """Half of the variance lies between specimens; the standard error of 1500 trials is .6 %."""
    rng = np.random.default_rng(3)
    hits = false_alarms = 0
    for _ in range(1500):
        between = rng.normal(size=9) if draw == "normal" else rng.gamma(4, 0.5, 9) - 2
        values = (np.repeat(between, SIZES) + rng.normal(size=13)).tolist()
        hits += holds(cluster_interval(values, NAMES))
        false_alarms += signed_rank_p(values, NAMES) <= 0.05
    assert hits / 1500 >= 0.93
    assert false_alarms / 1500 <= 0.06


def test_images_counted_one_by_one_would_not_cover() -> None:
    """The same trials with each image as its own specimen: what the interval over images used to claim."""
    rng = np.random.default_rng(3)
    sizes = [5] * 12
    names = [str(index) for index in np.repeat(np.arange(12), sizes)]
    hits = np.zeros(2)
    for _ in range(300):
        values = (np.repeat(rng.normal(0, 2, 12), sizes) + rng.normal(0, 1, 60)).tolist()
        each = [str(index) for index in range(60)]
        hits += [holds(cluster_interval(values, names)), holds(cluster_interval(values, each))]
    assert hits[0] / 300 >= 0.92
    assert hits[1] / 300 < 0.75


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
def test_seeds_and_specimens_together_cover(spread: float) -> None:
    """Three seeds of each method; a seed shifts all images by a normal value of deviation `spread`. Truth: 0."""
    rng = np.random.default_rng(int(10 * spread))
    both = specimens = 0
    for _ in range(600):
        shared = np.repeat(rng.normal(0, 0.5, 9), SIZES) + rng.normal(0, 0.3, 13)
        ours = rng.normal(0, spread, (3, 1)) + rng.normal(0, 0.1, (3, 13)) + shared
        theirs = rng.normal(0, spread, (3, 1)) + rng.normal(0, 0.1, (3, 13))
        both += holds(seeds_interval(ours, theirs, NAMES))
        specimens += holds(cluster_interval((ours.mean(axis=0) - theirs.mean(axis=0)).tolist(), NAMES))
    assert both / 600 >= 0.925
    assert spread < 1 or specimens / 600 < 0.6, "specimens alone are blind to seeds"


def test_one_seed_is_an_interval_over_specimens_alone() -> None:
    rng = np.random.default_rng(5)
    ours, theirs = rng.normal(size=13), rng.normal(size=13)
    assert seeds_interval(ours, theirs, NAMES) == cluster_interval((ours - theirs).tolist(), NAMES)
    gap = ours.copy()
    gap[0] = np.nan
    assert seeds_interval([ours, gap], theirs, NAMES).n == 12
    with pytest.raises(ValueError, match="13 images"):
        seeds_interval(ours[:5], theirs, NAMES)


def test_p_is_that_of_the_means_of_specimens() -> None:
    values = np.random.default_rng(6).normal(0.4, 1, 13)
    means = [values[[name == one for name in NAMES]].mean() for one in "abcdefghi"]
    assert signed_rank_p(values.tolist(), NAMES) == pytest.approx(wilcoxon(means).pvalue)
    assert signed_rank_p([0.0, 0.0], ["a", "b"]) == 1.0


def test_seeds_alone_give_welchs_interval() -> None:
    """Specimens that all show the same difference add nothing: what is left are two sets of seeds."""
    rng = np.random.default_rng(7)
    ours, theirs = rng.normal(1, 0.5, 4), rng.normal(0, 0.2, 3)
    found = seeds_interval(np.repeat(ours[:, None], 13, axis=1), np.repeat(theirs[:, None], 13, axis=1), NAMES)
    welch = ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.95)
    assert (found.lo, found.hi) == pytest.approx((welch.low, welch.high))
