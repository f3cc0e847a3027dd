"""The first steps of SPSR's adversarial stage, in which only the layers that join image and gradient branch learn."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.methods.recipe_check import check_recipe
from sem_models.methods.table import stages
from sem_models.training.checkpoint import LAST, load_state
from sem_models.training.trainer import train
from tests.support.recorder import Recorder, assert_equal
from tests.support.small_recipes import fake_perceptual, short

FUSION = ("fuse.", "fuse_join.", "high.", "tail.")


@pytest.fixture
def recipe() -> Recipe:
    """Five steps: one with pixel losses, two in which only fusion layers learn, and two of the whole network.

    Weight decay would move parameters whose gradients are merely zero.
    """
    return short(
        "spsr-x2-small", "train.patch=32", "train.steps=5", "train.checkpoint_every=100", "train.validate_every=100",
        "adversarial.first_share=0.2", "adversarial.fusion_share=0.5", "adversarial.optimiser.weight_decay=0.1",
    )  # fmt: skip


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, value in after.items() if not torch.equal(value, before[name])}


def test_only_fusion_layers_learn_at_first_and_resume_is_exact(
    recipe: Recipe, small_dataset: Dataset, tmp_path: Path
) -> None:
    """A run that is stopped before, within and at the end of these steps, against one in one piece."""
    states = []
    for steps in (1, 1, 1, 2):
        stops = iter([*[False] * steps, True])
        train(recipe, small_dataset, tmp_path / "parts", Recorder(), bool(states), lambda stops=stops: next(stops))
        states.append(load_state(tmp_path / "parts" / LAST))
    assert [state["progress"]["step"] for state in states] == [1, 2, 3, 5]
    networks = [state["networks"] for state in states]
    weights = [network["restorer"] for network in networks]
    fusion = {name for name in weights[0] if name.startswith(FUSION)}
    assert [changed(*pair) for pair in pairwise(weights)] == [fusion, fusion, set(weights[0])]
    for judge in ("discriminator", "gradient_discriminator"):
        assert changed(networks[0][judge], networks[1][judge]), "discriminators learn meanwhile"
    train(recipe, small_dataset, tmp_path / "whole", Recorder())
    assert assert_equal(load_state(tmp_path / "whole" / LAST), states[-1]) > 100


def test_as_many_steps_as_in_the_code_of_the_authors() -> None:
    """There 5000 of 500,000 steps with discriminators."""
    last = stages(override(find_recipe("spsr-x4"), ["train.steps=500_000", "adversarial.first_share=0"]))[-1]
    assert last.fusion_steps == 5000
    assert not any(last.learns("restorer", "trunk.0.body.weight", step) for step in (0, 4999))
    assert last.learns("restorer", "trunk.0.body.weight", 5000)
    assert last.learns("restorer", "fuse_join.weight", 0)
    assert last.learns("discriminator", "trunk.weight", 0)


def test_recipes_without_these_steps_are_written_as_before() -> None:
    assert "fusion_share" not in find_recipe("esrgan-x4").model_dump_json()
    assert find_recipe("spsr-x4").model_dump()["adversarial"]["fusion_share"] == 0.01


def test_networks_without_such_layers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_perceptual(monkeypatch)
    with pytest.raises(UserError, match=r"rrdb has no layers that join.*fusion_share=0"):
        check_recipe(override(find_recipe("esrgan-x4-small"), ["adversarial.fusion_share=0.1"]))
