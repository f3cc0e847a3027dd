"""A probe measures what a training does: counts against one that ran, durations against a clock that it cannot fool."""

from pathlib import Path

import pytest

from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.training import probe as probe_module
from sem_models.training.probe import STEPS, _Prober, probe
from sem_models.training.trainer import train
from tests.support.recorder import Recorder
from tests.support.small_recipes import short


class Clock:
    """Time that passes only when something is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def costing(self, seconds: float, work):
        def wrapped(*arguments):
            self.now += seconds
            return work(*arguments)

        return wrapped


def test_durations_add_up_to_the_whole(
    small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start of 7 s, steps of 2 s, validations of 5 s and checkpoints of 0.5 s."""
    clock, trained = Clock(), []
    monkeypatch.setattr(probe_module, "time", clock)
    monkeypatch.setattr(_Prober, "__init__", clock.costing(7.0, _Prober.__init__))
    monkeypatch.setattr(_Prober, "_step", clock.costing(2.0, lambda _, stage: trained.append(stage.name)))
    monkeypatch.setattr(_Prober, "_model", clock.costing(5.0, _Prober._model))
    monkeypatch.setattr(_Prober, "_save", clock.costing(0.5, lambda *_: None))
    recipe = override(tiny_recipe, ["train.steps=1000", "train.validate_every=100", "train.checkpoint_every=50"])
    cost = probe(recipe, small_dataset, tmp_path)
    (stage,) = cost.stages
    assert (stage.steps, stage.step_s, cost.steps) == (1000, 2.0, 1000)
    assert (cost.start_s, cost.validation_s, cost.validations) == (7.0, 5.0, 10)
    assert (cost.checkpoint_s, cost.checkpoints) == (0.5, 10 + 20)
    assert cost.total_s == 7 + 1000 * 2 + 10 * 5 + 30 * 0.5
    assert STEPS <= len(trained) < 2 * STEPS, "some more to warm up"


def test_both_stages_are_measured_and_counted_as_they_are_trained(small_dataset: Dataset, tmp_path: Path) -> None:
    recipe = short("srgan-x2-small", "train.steps=11", "train.patch=32")
    recorder = Recorder()
    train(recipe, small_dataset, tmp_path / "run", recorder)
    cost = probe(recipe, small_dataset, tmp_path / "probe")
    assert [stage.steps for stage in cost.stages] == [6, 5]
    assert all(stage.step_s > 0 for stage in cost.stages)
    validated = {step for step, name in recorder.values if name.startswith("val/")}
    assert cost.validations == len(validated)
    kept = [kind for _, _, kind in recorder.checkpoints]
    assert kept.count("best") <= cost.validations
    assert len(kept) <= cost.checkpoints
    assert cost.peak_bytes > 50e6, "PyTorch alone takes more"
