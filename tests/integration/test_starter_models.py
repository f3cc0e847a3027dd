"""Starter models beside a store: a training goes on from one, and scores of one are kept like those of a baseline."""

from pathlib import Path

import torch

from pipelines.model_ref import StarterRef
from pipelines.tracking.artifacts import fetch
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import get_run, run_warnings
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.inference.storage import load_weights
from sem_models.starters.shelf import starter_folder

ONE_STEP = ("train.steps=1", "train.batch=1", "train.patch=32", "train.log_every=1", "optimiser.lr=1e-5")


def test_a_training_starts_at_a_starter_model_and_says_what_it_has_seen(sem_home: Path, small_dataset: Dataset) -> None:
    recipe = override(find_recipe("starter-denoise"), [*ONE_STEP, "schedule.warmup_steps=0"])
    run_id = create_training(recipe, "small", init=StarterRef("denoise"))
    assert get_run(run_id).tags[Tag.INITIAL_RUN] == "starter:denoise"
    (warning,) = run_warnings(run_id)
    assert "starter:denoise, which learned from Plant stems" in warning
    run_training(run_id)
    released = load_weights(starter_folder("denoise"))
    trained = load_weights(fetch(run_id, "checkpoints/best"))
    moved = [float((trained[name].float() - released[name].float()).abs().max()) for name in released]
    assert 0 < max(moved) < 1e-4, "one small step away from what is on the shelf"
    assert all(tensor.dtype == torch.float32 for tensor in trained.values())
