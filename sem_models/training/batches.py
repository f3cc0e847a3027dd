"""Training batches: crops from the bank, degraded on the device."""

from typing import Any

import torch

from sem_models.data.bank import PatchBank
from sem_models.data.dataset import Dataset
from sem_models.data.manifest import Role
from sem_models.data.sampler import PatchSampler
from sem_models.methods.base import Batch
from sem_models.networks.table import capabilities
from sem_models.physics.degrade import degrade
from sem_models.recipes.recipe import Recipe
from sem_models.training.self_supervision import may_turn, noisy_views


class BatchSource:
    """An endless, resumable stream of `input` and `target` batches."""

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
        """Load the training split of a dataset that fits the recipe (`fit.require_fit`)."""
        self._degradation = recipe.degradation
        scale = capabilities(recipe.network).scale
        roles: tuple[Role, ...] = ("input", "target") if dataset.manifest.kind == "paired" else ("image",)
        if noisy := noisy_views(recipe, dataset.manifest):
            bank = PatchBank(dataset, "train", noisy.roles, device, noisy.source)
        else:
            bank = PatchBank(dataset, "train", roles, device)
        settings = recipe.train
        self._sampler = PatchSampler(
            bank, settings.patch, settings.batch, settings.seed, {"input": scale}, may_turn(recipe)
        )
        self._generator = torch.Generator(device).manual_seed(settings.seed + 1)

    def next(self) -> Batch:
        """The next batch."""
        crops = self._sampler.batch()
        if "image" not in crops:
            return {"input": crops["input"], "target": crops.get("target", crops["input"])}
        sharp = crops["image"]
        return {"input": degrade(sharp, self._degradation, self._generator), "target": sharp}

    def state_dict(self) -> dict[str, Any]:
        """States of sampler and noise generator."""
        return {"sampler": self._sampler.state_dict(), "noise": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._sampler.load_state_dict(state["sampler"])
        self._generator.set_state(state["noise"])
