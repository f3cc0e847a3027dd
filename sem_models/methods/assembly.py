"""Setting up networks and optimisers on the device of a run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.config.training import Optimiser
from sem_models.methods.optimisers import build_optimiser
from sem_models.networks.table import build_network

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Assembly:
    """The networks and optimisers of a method, by part."""

    def __init__(self, fabric: "Fabric") -> None:
        """Start empty, for the device of `fabric`; torch's seed must have been set."""
        self._fabric = fabric
        self.networks: dict[str, nn.Module] = {}
        self.optimisers: dict[str, Optimizer] = {}

    def add(self, part: str, network: nn.Module, settings: Optimiser, channels_last: bool = False) -> Any:
        """Set up `network` for training as `part`; `channels_last` is the memory format that suits convolutions."""
        network = _laid_out(network, channels_last)
        module, optimiser = self._fabric.setup(network, build_optimiser(settings, network.parameters()))
        self.networks[part], self.optimisers[part] = module, optimiser
        return module

    def add_together(
        self, part: str, networks: Mapping[str, nn.Module], settings: Optimiser, channels_last: bool
    ) -> None:
        """Set up several networks, by name, that learn in one step: the optimiser called `part` updates them all."""
        for name, network in networks.items():
            self.networks[name] = self._fabric.setup_module(_laid_out(network, channels_last))
        together = [parameter for name in networks for parameter in self.networks[name].parameters()]
        optimiser: Any = self._fabric.setup_optimizers(build_optimiser(settings, together))
        self.optimisers[part] = optimiser

    def gradient(self, loss: Tensor, image: Tensor) -> Tensor:
        """Return the gradient of a scalar loss by a leaf, and keep the graph for another use."""
        self._fabric.backward(loss, inputs=[image], retain_graph=True)
        assert image.grad is not None  # noqa: S101
        return image.grad

    def remember(self, name: str, memory: nn.Module) -> None:
        """Add a module that does not learn but whose state a resumed run needs."""
        self.networks[name] = self._fabric.to_device(memory)

    def add_network(self, part: str, recipe: Recipe) -> Any:
        """Build and set up the network of the recipe, in the memory format that suits it."""
        facts = capabilities(recipe.network)
        module = self.add(part, build_network(recipe.network), recipe.optimiser, facts.channels_last)
        if facts.auxiliary == "gradient":
            module.mark_forward_method("with_gradient")
        if facts.auxiliary == "deviation":
            module.mark_forward_method("moments")
        if facts.auxiliary == "pyramid":
            module.mark_forward_method("pyramid")
        return module


def _laid_out(network: nn.Module, channels_last: bool) -> nn.Module:
    if not channels_last:
        return network
    ordered: nn.Module = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return ordered
