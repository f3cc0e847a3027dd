"""The steps of a range test: it begins as a training does, and ends where the loss explodes."""

from pathlib import Path

import numpy as np
import pytest

from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.methods.supervised import Supervised
from sem_models.methods.table import METHODS
from sem_models.training.rate_range import HIGHEST, LOWEST, STEPS, find_rate
from sem_models.training.trainer import train
from tests.support.recorder import Recorder
from tests.support.small_recipes import short

RATES = np.geomspace(LOWEST, HIGHEST, STEPS)


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


def test_it_ends_where_the_loss_is_three_times_the_first(
    small_dataset: Dataset, tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Growing, "calls", 0)
    monkeypatch.setitem(METHODS, "supervised", Growing)
    found = find_rate(tiny_recipe, small_dataset)
    np.testing.assert_allclose(found.losses, [1, 1.5, 2.25], rtol=1e-6)
    assert found.suggestion is None


def test_losses_of_a_discriminator_say_nothing(small_dataset: Dataset) -> None:
    with pytest.raises(UserError, match="begins with a discriminator"):
        find_rate(short("cyclegan-denoise-small", "train.patch=32"), small_dataset)
