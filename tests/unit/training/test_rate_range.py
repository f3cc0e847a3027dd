"""The learning rate of the steepest descent: curves with a known answer, and the first loss of a training."""

from pathlib import Path

import numpy as np
import pytest

from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.methods.supervised import Supervised
from sem_models.methods.table import METHODS
from sem_models.training.rate_range import HIGHEST, LOWEST, STEPS, find_rate, smooth, steepest
from sem_models.training.trainer import train
from tests.support.recorder import Recorder
from tests.support.small_recipes import short

RATES = np.geomspace(LOWEST, HIGHEST, STEPS)
ONE_STEP = RATES[1] / RATES[0]


@pytest.mark.parametrize("rate", [1e-4, 3e-3, 5e-2])
def test_a_logistic_fall_is_steepest_at_its_centre(rate: float) -> None:
    """Smoothing must not move it, as a running mean would; noise of 2 % may, by a few steps of the test."""
    fall = 1 - 0.8 / (1 + (rate / RATES) ** 2)
    found = steepest(RATES, smooth(fall.tolist()))
    assert found is not None
    assert abs(np.log(found / rate)) <= 0.51 * np.log(ONE_STEP)
    noisy = fall + np.random.default_rng(0).normal(0, 0.02, STEPS)
    found = steepest(RATES, smooth(noisy.tolist()))
    assert found is not None
    assert abs(np.log(found / rate)) < 4 * np.log(ONE_STEP)


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    assert steepest(RATES, smooth([1.0] * STEPS)) is None
    assert steepest(RATES, smooth(np.linspace(1, 2, STEPS).tolist())) is None
    assert steepest(RATES[:1], smooth([1.0])) is None


def test_the_test_begins_as_a_training_does(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    recorder = Recorder()
    train(tiny_recipe, small_dataset, tmp_path / "run", recorder)
    found = find_rate(tiny_recipe, small_dataset)
    assert found.setting == "optimiser.lr"
    assert found.losses[0] == recorder.values[1, "train/charbonnier"]
    np.testing.assert_allclose(found.rates, RATES[: len(found.losses)])
    assert min(found.losses) < found.losses[0]


class Growing(Supervised):
    """The loss is 1, 1.5, 2.25, ... whatever the network learns."""

    calls = 0

    def training_step(self, batch, part, stage):
        Growing.calls += 1
        losses = super().training_step(batch, part, stage)
        return {name: 0 * loss + 1.5 ** (Growing.calls - 1) for name, loss in losses.items()}


def test_it_ends_where_the_loss_is_four_times_the_first(
    small_dataset: Dataset, tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Growing, "calls", 0)
    monkeypatch.setitem(METHODS, "supervised", Growing)
    found = find_rate(tiny_recipe, small_dataset)
    np.testing.assert_allclose(found.losses, [1, 1.5, 2.25, 3.375], rtol=1e-6)
    assert found.suggestion is None


def test_losses_of_a_discriminator_say_nothing(small_dataset: Dataset) -> None:
    with pytest.raises(UserError, match="begins with a discriminator"):
        find_rate(short("cyclegan-denoise-small", "train.patch=32"), small_dataset)
