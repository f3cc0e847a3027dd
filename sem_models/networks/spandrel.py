"""Networks of the package spandrel (MIT), which holds the published code of some forty architectures."""

import importlib
import json
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from sem_models.config.networks.spandrel import SpandrelConfig
from sem_models.features.weights import declare_torchvision_ops
from sem_models.networks.padding import padded_to

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor


class SpandrelNetwork(nn.Module):
    """Maps (N, C, H, W) float32 in [0, 1] to (N, C, H x scale, W x scale), without spandrel's clipping to [0, 1]."""

    def __init__(self, config: SpandrelConfig) -> None:
        """Build the untrained network; a ValueError says that spandrel has no such one."""
        super().__init__()
        untrained = _untrained(config)
        self.least_px, self.square, self.scale = config.least_px, config.square, config.scale
        self.network = untrained.model
        # Some architectures return several outputs, or expect another range; the descriptor knows how they are called.
        self._image_of = untrained._call_fn

    def forward(self, x: Tensor) -> Tensor:
        """Return the output; images below the least size are padded by reflection at the bottom and on the right."""
        height, width = x.shape[-2:]
        edges = [max(self.least_px, height), max(self.least_px, width)]
        if self.square:
            edges = [max(edges)] * 2
        y: Tensor = self._image_of(self.network, padded_to(x, *edges))
        return y[..., : height * self.scale, : width * self.scale]


def spandrel_package() -> Any:
    """Import spandrel, which takes seconds, and whose torchvision needs operators that a CPU build lacks."""
    declare_torchvision_ops()
    return importlib.import_module("spandrel")


def _untrained(config: SpandrelConfig) -> "ImageModelDescriptor[nn.Module]":
    """Build the network from its arguments and let spandrel find its descriptor from the names of its weights."""
    registry = spandrel_package().MAIN_REGISTRY
    if config.architecture not in registry:
        raise ValueError(f"spandrel has no architecture {config.architecture!r}; install a newer version.")
    package = importlib.import_module(f"spandrel.architectures.{config.architecture}")
    build = getattr(package, config.network)
    if not issubclass(build, nn.Module):
        raise ValueError(f"{config.network!r} is no network of spandrel's {config.architecture}.")
    network: nn.Module = build(**json.loads(config.arguments))
    descriptor: ImageModelDescriptor[nn.Module] = registry[config.architecture].architecture.load(network.state_dict())
    return descriptor
