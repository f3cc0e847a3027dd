"""Training batches: crops from the bank, made into input and target by the task on the device."""

from typing import Any

import torch

from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.methods.base import Batch
from sem_models.methods.table import find_method
from sem_models.tasks.table import find_task


class BatchSource:
    """An endless, resumable stream of `input` and `target` batches."""

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
        """Load the training split of a dataset that suits the recipe (`compatibility.check_compatible`)."""
        self._recipe, self._task = recipe, find_task(recipe)
        roles = self._task.roles(recipe, dataset.manifest)
        turns = self._task.may_turn(recipe)
        self._sampler = find_method(recipe).sampler(recipe, dataset, roles, device, turns)
        self._generator = torch.Generator(device).manual_seed(recipe.train.seed + 1)

    def next(self) -> Batch:
        """The next batch."""
        return self._task.batch(self._recipe, self._sampler.batch(), self._generator)

    def state_dict(self) -> dict[str, Any]:
        """States of sampler and noise generator."""
        return {"sampler": self._sampler.state_dict(), "noise": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._sampler.load_state_dict(state["sampler"])
        self._generator.set_state(state["noise"])
