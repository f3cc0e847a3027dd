"""One row a method: a recipe that uses it. Every row learns, names its losses and resumes to the bit."""

from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from sem_models.data.dataset import Dataset
from sem_models.methods.table import METHODS, build_method
from sem_models.recipes import Recipe, override
from sem_models.training.batches import BatchSource
from sem_models.training.checkpoint import LAST, load_state
from sem_models.training.trainer import train
from tests.integration.test_resume import Recorder, assert_equal

ROWS = {"supervised"}


@pytest.fixture(params=METHODS)
def recipe(request: pytest.FixtureRequest, tiny_recipe: Recipe) -> Recipe:
    assert request.param in ROWS, "a new method needs a row"
    return tiny_recipe.model_copy(update={"method": request.param})


def test_losses_are_named_and_reach_every_network(recipe: Recipe, small_dataset: Dataset) -> None:
    method = build_method(recipe, Fabric(accelerator="cpu", devices=1))
    assert set(method.parts) == set(method.networks) == set(method.optimisers)
    assert method.restorer in method.networks.values()
    batch = BatchSource(recipe, small_dataset, torch.device("cpu")).next()
    for part in method.parts:
        losses = method.training_step(batch, part)
        assert set(losses) >= {term.name for term in recipe.losses}
        torch.stack(list(losses.values())).sum().backward()
        assert all(parameter.grad is not None for parameter in method.networks[part].parameters())


def test_resume_is_exact(recipe: Recipe, small_dataset: Dataset, tmp_path: Path) -> None:
    recipe = override(recipe, ["train.steps=6", "train.validate_every=3"])
    train(recipe, small_dataset, tmp_path / "whole", Recorder())
    calls = iter(range(99))
    train(recipe, small_dataset, tmp_path / "parts", Recorder(), should_stop=lambda: next(calls) >= 3)
    train(recipe, small_dataset, tmp_path / "parts", Recorder(), resume=True)
    assert assert_equal(load_state(tmp_path / "whole" / LAST), load_state(tmp_path / "parts" / LAST)) > 20
