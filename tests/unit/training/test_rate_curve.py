"""The learning rate of the steepest descent: curves with a known answer, and curves that have none."""

import numpy as np
import pytest

from sem_models.training.rate_curve import steepest
from sem_models.training.rate_range import HIGHEST, LOWEST, STEPS

RATES = np.geomspace(LOWEST, HIGHEST, STEPS)
ONE_STEP = RATES[1] / RATES[0]


def fall(rate: float) -> np.ndarray:
    """A logistic fall to a fifth, which is steepest at a rate."""
    return 1 - 0.8 / (1 + (rate / RATES) ** 2)


def noise(scatter: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scatter, STEPS)


@pytest.mark.parametrize("rate", [1e-4, 3e-3, 5e-2])
def test_a_logistic_fall_is_steepest_at_its_centre(rate: float) -> None:
    """Smoothing must not move it, as a running mean would; noise of 2 % may, by a few steps of the test."""
    found = steepest(RATES.tolist(), fall(rate).tolist())
    assert found is not None
    assert abs(np.log(found / rate)) <= 0.51 * np.log(ONE_STEP)
    found = steepest(RATES.tolist(), (fall(rate) + noise(0.02)).tolist())
    assert found is not None
    assert abs(np.log(found / rate)) < 4 * np.log(ONE_STEP)


def test_what_follows_the_divergence_does_not_move_the_steepest_place() -> None:
    """After a clean fall the loss jumps up by more than it fell, and back: the way back is steeper."""
    losses = fall(1e-3)
    losses[(RATES > 0.1) & (RATES < 0.3)] += 2
    found = steepest(RATES.tolist(), losses.tolist())
    assert found is not None
    assert abs(np.log(found / 1e-3)) <= 0.51 * np.log(ONE_STEP)


@pytest.mark.parametrize("scatter", [0.0, 0.1])
def test_the_recovery_from_a_spike_is_no_fall(scatter: float) -> None:
    losses = 1 + noise(scatter)
    losses[[75, 77, 78]] = 3.9, 2.1, 3.7
    assert steepest(RATES.tolist(), losses.tolist()) is None


@pytest.mark.parametrize("seed", range(10))
def test_noise_alone_is_no_fall(seed: int) -> None:
    assert steepest(RATES.tolist(), (1 + noise(0.1, seed)).tolist()) is None


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    assert steepest(RATES.tolist(), [1.0] * STEPS) is None
    assert steepest(RATES.tolist(), np.linspace(1, 2, STEPS).tolist()) is None
    assert steepest(RATES[:1].tolist(), [1.0]) is None
