"""Training batches: crops from the bank, degraded on the device."""

from typing import Any

import torch

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Role
from sem_models.datasets.sampling.bank import PatchBank
from sem_models.datasets.sampling.domains import DomainSampler
from sem_models.datasets.sampling.sampler import PatchSampler
from sem_models.methods.base import Batch
from sem_models.physics.degrade import degrade
from sem_models.tasks.label_maps import label_batch, label_roles
from sem_models.tasks.self_supervision import may_turn, noisy_views


class BatchSource:
    """An endless, resumable stream of `input` and `target` batches."""

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
        """Load the training split of a dataset that fits the recipe (`fit.require_fit`)."""
        self._recipe = recipe
        self._degradation = recipe.degradation
        self._sampler = _sampler(recipe, dataset, device)
        self._generator = torch.Generator(device).manual_seed(recipe.train.seed + 1)

    def next(self) -> Batch:
        """The next batch."""
        crops = self._sampler.batch()
        if "image" not in crops:
            return {"input": crops["input"], "target": crops.get("target", crops["input"])}
        if "mask" in crops:
            given = degrade(crops["image"], self._degradation, self._generator)
            return label_batch(self._recipe, given, crops["image"], crops["mask"])
        target = crops["target"] if "target" in crops else crops["image"]
        return {"input": degrade(crops["image"], self._degradation, self._generator), "target": target}

    def state_dict(self) -> dict[str, Any]:
        """States of sampler and noise generator."""
        return {"sampler": self._sampler.state_dict(), "noise": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._sampler.load_state_dict(state["sampler"])
        self._generator.set_state(state["noise"])


def _sampler(recipe: Recipe, dataset: Dataset, device: torch.device) -> PatchSampler | DomainSampler:
    """Draws `input` and `target`; or `image`, with an unrelated `target` for a method that must not see pairs."""
    settings = recipe.train
    if recipe.method == "cycle":
        return DomainSampler(dataset, settings.patch, settings.batch, settings.seed, device)
    bank = _bank(recipe, dataset, device)
    scales: dict[Role, int] = {"input": capabilities(recipe.network).scale}
    return PatchSampler(bank, settings.patch, settings.batch, settings.seed, scales, may_turn(recipe))


def _bank(recipe: Recipe, dataset: Dataset, device: torch.device) -> PatchBank:
    if noisy := noisy_views(recipe, dataset.manifest):
        return PatchBank(dataset, "train", noisy.roles, device, source=noisy.source)
    roles: tuple[Role, ...] = ("input", "target") if dataset.manifest.kind == "paired" else label_roles(recipe)
    return PatchBank(dataset, "train", roles, device)
