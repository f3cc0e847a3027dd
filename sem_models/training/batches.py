"""Training batches: crops from the bank, degraded on the device."""

from typing import Any

import torch

from sem_models.data.bank import PatchBank
from sem_models.data.dataset import Dataset
from sem_models.data.manifest import Role
from sem_models.data.sampler import PatchSampler
from sem_models.errors import UserError
from sem_models.methods.base import Batch
from sem_models.networks.table import capabilities
from sem_models.physics.degrade import degrade
from sem_models.recipes import Recipe


class BatchSource:
    """An endless, resumable stream of `input` and `target` batches."""

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
        """Load the training split.

        Raises:
            UserError: The dataset does not fit the recipe: kind, channels, scale or image size.
        """
        facts = capabilities(recipe.network)
        self._paired = dataset.manifest.kind == "paired"
        self._degradation = recipe.degradation
        if not self._paired and recipe.degradation.scale != facts.scale:
            raise UserError(
                f"degradation.scale is {recipe.degradation.scale}, but the network enlarges {facts.scale} times; "
                "set both to one value."
            )
        if dataset.manifest.kind == "unpaired":
            raise UserError(f"Recipe {recipe.name!r} learns from pairs or single images, not from unpaired sets.")
        roles: tuple[Role, ...] = ("input", "target") if self._paired else ("image",)
        bank = PatchBank(dataset, "train", roles, device)
        _check_channels(bank, facts.channels_in, recipe.name)
        settings = recipe.train
        self._sampler = PatchSampler(bank, settings.patch, settings.batch, settings.seed, {"input": facts.scale})
        self._generator = torch.Generator(device).manual_seed(settings.seed + 1)

    def next(self) -> Batch:
        """The next batch."""
        crops = self._sampler.batch()
        if self._paired:
            return {"input": crops["input"], "target": crops["target"]}
        sharp = crops["image"]
        return {"input": degrade(sharp, self._degradation, self._generator), "target": sharp}

    def state_dict(self) -> dict[str, Any]:
        """States of sampler and noise generator."""
        return {"sampler": self._sampler.state_dict(), "noise": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._sampler.load_state_dict(state["sampler"])
        self._generator.set_state(state["noise"])


def _check_channels(bank: PatchBank, wanted: int, recipe: str) -> None:
    for plane in bank.planes.values():
        if plane.channels != wanted:
            raise UserError(
                f"Images have {plane.channels} channels, recipe {recipe!r} takes {wanted}; prepare grey images."
            )
