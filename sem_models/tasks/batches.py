"""Training batches: crops that the task turns into input and target on the device."""

from typing import Any

import torch

from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.sampling.recording import record
from sem_models.datasets.sampling.share import WHOLE, Share
from sem_models.methods.base import Batch
from sem_models.methods.table import find_method
from sem_models.tasks.table import find_task


class BatchSource:
    """An endless, resumable stream of `input` and `target` batches."""

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device, share: Share = WHOLE) -> None:
        """Load the training split of a dataset that is compatible with the recipe (`check_compatible`).

        Of several sources, each has its `share` of the same patches, and its own noise.
        """
        self._recipe, self._task = recipe, find_task(recipe)
        roles = self._task.roles(recipe, dataset.manifest)
        turns = self._task.may_turn(recipe)
        self._sampler = find_method(recipe).sampler(recipe, dataset, roles, device, turns, share)
        self._generator = torch.Generator(device).manual_seed(share.seed(recipe.train.seed + 1))

    def next(self) -> Batch:
        """Return the next batch."""
        batch = self._task.batch(self._recipe, self._sampler.batch(), self._generator)
        levels = self._recipe.train.grey_levels
        return record(batch, levels, self._generator) if levels else batch

    def state_dict(self) -> dict[str, Any]:
        """Return the states of the sampler and of the noise generator."""
        return {"sampler": self._sampler.state_dict(), "noise": self._generator.get_state()}

    @property
    def noise(self) -> torch.Generator:
        """The random numbers of the forward model."""
        return self._generator

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self._sampler.load_state_dict(state["sampler"])
        self._generator.set_state(state["noise"])
