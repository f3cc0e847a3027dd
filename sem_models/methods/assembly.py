"""Networks with their optimisers on the device of a run."""

from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.optim import Optimizer

from sem_models.networks.table import build_network, capabilities
from sem_models.recipes.recipe import Recipe
from sem_models.training.optimisers import build_optimiser
from sem_models.training.settings import Optimiser


class Assembly:
    """Collects what a method owns, by part."""

    def __init__(self, fabric: Fabric) -> None:
        """On the device of `fabric`; torch's seed must have been set."""
        self._fabric = fabric
        self.networks: dict[str, nn.Module] = {}
        self.optimisers: dict[str, Optimizer] = {}

    def add(self, part: str, network: nn.Module, settings: Optimiser, channels_last: bool = False) -> Any:
        """Set `network` up for training under the name `part`, in the memory format that suits convolutions or not."""
        if channels_last:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        module, optimiser = self._fabric.setup(network, build_optimiser(settings, network.parameters()))
        self.networks[part], self.optimisers[part] = module, optimiser
        return module

    def add_restorer(self, part: str, recipe: Recipe) -> Any:
        """The network of the recipe, in the memory format that suits it."""
        facts = capabilities(recipe.network)
        module = self.add(part, build_network(recipe.network), recipe.optimiser, facts.channels_last)
        if facts.auxiliary == "gradient":
            module.mark_forward_method("with_gradient")
        if facts.auxiliary == "pyramid":
            module.mark_forward_method("pyramid")
        return module
