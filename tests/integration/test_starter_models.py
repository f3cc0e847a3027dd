"""Starter models beside a store: a training goes on from one, and scores of one are kept like those of a baseline."""

from pathlib import Path

import pytest
import torch

from pipelines.model_ref import StarterRef
from pipelines.tracking.artifacts import fetch
from pipelines.tracking.keys import Tag
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import get_run, run_warnings
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.storage import load_weights
from sem_models.starters.shelf import starter_folder, starter_recipe

BEST = "checkpoints/best"
ONE_STEP = ("train.steps=1", "train.batch=1", "train.patch=32", "train.log_every=1", "optimiser.lr=1e-5")


@pytest.mark.parametrize("name", ["n2v-denoise-small", "n2v-lines-denoise-small"])
def test_noisy_images_alone_go_on_from_a_starter_model(name: str, sem_home: Path, small_dataset: Dataset) -> None:
    """The recipe hides pixels and compares; the network, and where it starts, are those of the starter model."""
    recipe = override(find_recipe(name), [*ONE_STEP, "schedule.warmup_steps=0"])
    assert recipe.degradation.is_empty
    run_id = create_training(recipe, "small", init=StarterRef("denoise"))
    assert stored_recipe(run_id).network == starter_recipe("denoise").network
    run_training(run_id)
    released, trained = (load_weights(folder) for folder in (starter_folder("denoise"), fetch(run_id, BEST)))
    moved = [float((trained[name].float() - released[name].float()).abs().max()) for name in released]
    assert 0 < max(moved) < 1e-4


def test_a_start_that_learned_from_simulations_alone_has_seen_no_specimen(
    sem_home: Path, small_dataset: Dataset
) -> None:
    recipe = override(find_recipe("starter-denoise-stem"), ONE_STEP)
    assert run_warnings(create_training(recipe, "small", init=StarterRef("denoise-stem"))) == []


def test_a_network_that_was_set_by_hand_or_does_something_else_is_not_replaced(
    sem_home: Path, small_dataset: Dataset
) -> None:
    wider = override(find_recipe("n2v-denoise-small"), ["network.width=24"])
    with pytest.raises(UserError, match="another network, nafnet and not unet"):
        create_training(wider, "small", init=StarterRef("denoise"))
    with pytest.raises(UserError, match="another network, nafnet and not srresnet"):
        create_training(find_recipe("srresnet-x4-small"), "small", init=StarterRef("denoise"))
    with pytest.raises(UserError, match="another network, nafnet and not blind-spot-unet"):
        create_training(find_recipe("blind-denoise-small"), "small", init=StarterRef("denoise"))


def test_a_training_starts_at_a_starter_model_and_says_what_it_has_seen(sem_home: Path, small_dataset: Dataset) -> None:
    recipe = override(find_recipe("starter-denoise"), [*ONE_STEP, "schedule.warmup_steps=0"])
    run_id = create_training(recipe, "small", init=StarterRef("denoise"))
    assert get_run(run_id).tags[Tag.INITIAL_RUN] == "starter:denoise"
    (warning,) = run_warnings(run_id)
    assert "starter:denoise, which learned from Plant stems" in warning
    run_training(run_id)
    released = load_weights(starter_folder("denoise"))
    trained = load_weights(fetch(run_id, BEST))
    moved = [float((trained[name].float() - released[name].float()).abs().max()) for name in released]
    assert 0 < max(moved) < 1e-4, "one small step away from what is on the shelf"
    assert all(tensor.dtype == torch.float32 for tensor in trained.values())
