"""Statistics of raters, compared with published examples and closed forms."""

import math

import numpy as np
import pytest

from sem_models.evaluation.statistics.raters import cohen_kappa, fleiss_kappa, proportion


@pytest.mark.parametrize(
    ("hits", "n", "lo", "hi"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_of_newcombe(hits: int, n: int, lo: float, hi: float) -> None:
    """Table I, method 3, of Newcombe, Statistics in Medicine 17 (1998) 857."""
    found = proportion(hits, n)
    assert (found.lo, found.hi) == pytest.approx((lo, hi), abs=5e-5)
    assert found.rate == hits / n


def test_binomial_p_is_the_sum_of_the_tails() -> None:
    tails = 2 * sum(math.comb(20, k) for k in range(6)) / 2**20
    assert proportion(5, 20).p == pytest.approx(tails)
    assert proportion(10, 20).p == 1.0


def test_no_answers_say_nothing() -> None:
    empty = proportion(0, 0)
    assert all(math.isnan(value) for value in (empty.rate, empty.lo, empty.hi, empty.p))
    with pytest.raises(ValueError, match="3 hits of 2"):
        proportion(3, 2)


def test_cohen_kappa_by_hand() -> None:
    """25 yes/yes, 35 yes/no, 5 no/yes, 35 no/no: p_o = 0.6, p_e = 0.6 x 0.3 + 0.4 x 0.7 = 0.46."""
    first = ["yes"] * 60 + ["no"] * 40
    second = ["yes"] * 25 + ["no"] * 35 + ["yes"] * 5 + ["no"] * 35
    assert cohen_kappa(first, second) == pytest.approx(0.14 / 0.54)
    assert cohen_kappa(first, first) == 1.0
    assert math.isnan(cohen_kappa(["yes"] * 3, ["yes"] * 3)), "one category: chance explains everything"
    assert math.isnan(cohen_kappa([], []))


FLEISS = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip


def test_fleiss_kappa_of_the_classic_table() -> None:
    """Ten subjects, fourteen raters, five categories: 0.210."""
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_of_two_raters_is_scotts_pi() -> None:
    """Scott (1955): chance from the pooled shares of both raters."""
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 3, (2, 40))
    counts = np.stack([(first == name) * 1 + (second == name) for name in range(3)], axis=1)
    expected = sum((counts[:, name].sum() / 80) ** 2 for name in range(3))
    assert fleiss_kappa(counts) == pytest.approx((np.mean(first == second) - expected) / (1 - expected))


@pytest.mark.parametrize("table", [[(2, 1), (1, 1)], [(1, 0), (0, 1)], [3, 3]])
def test_invalid_tables_are_refused(table: list) -> None:
    with pytest.raises(ValueError, match="need"):
        fleiss_kappa(table)
