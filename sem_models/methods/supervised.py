"""Supervised restoration: one network, one optimiser, a sum of losses against the sharp micrograph."""

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from sem_models.losses.table import find_loss
from sem_models.methods.base import Batch
from sem_models.networks.table import build_network, capabilities
from sem_models.recipes import Recipe
from sem_models.training.optimisers import build_optimiser

PART = "restorer"


class Supervised:
    """Learns input to target, pixel by pixel."""

    parts: tuple[str, ...] = (PART,)

    def __init__(self, recipe: Recipe, fabric: Fabric) -> None:
        """Build network and optimiser on the device of `fabric`; torch's seed must have been set."""
        network = build_network(recipe.network)
        if capabilities(recipe.network).channels_last:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = build_optimiser(recipe.optimiser, network.parameters())
        module, wrapped = fabric.setup(network, optimiser)
        self.networks: dict[str, nn.Module] = {PART: module}
        self.optimisers: dict[str, Optimizer] = {PART: wrapped}
        self._losses = [(term, find_loss(term.name)) for term in recipe.losses]

    @property
    def restorer(self) -> nn.Module:
        """The only network."""
        return self.networks[PART]

    def training_step(self, batch: Batch, part: str) -> dict[str, Tensor]:
        """Weighted losses by name."""
        output = self.networks[part](batch["input"])
        return {term.name: term.weight * loss(output, batch["target"]) for term, loss in self._losses}
