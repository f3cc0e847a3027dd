"""The device and the numerical precision of a run."""

from typing import Literal

from lightning_fabric import Fabric
from torch import nn

from sem_models.bf16 import has_bf16_units
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.inference.predictor import choose_device


def open_fabric(recipe: Recipe) -> Fabric:
    """Set up Fabric on the best device of this machine, in the precision of the recipe."""
    device = choose_device()
    return Fabric(accelerator=device, devices=1, precision=choose_precision(recipe, device))


def choose_precision(recipe: Recipe, device: Literal["cpu", "cuda"]) -> Literal["32-true", "bf16-mixed"]:
    """Return the precision of the recipe; `auto` is bf16 on a device with units for it, for a network that benefits."""
    if recipe.train.precision != "auto":
        return recipe.train.precision
    facts = capabilities(recipe.network)
    gains = facts.half_safe if device == "cuda" else facts.half_on_cpu
    return "bf16-mixed" if gains and has_bf16_units(device) else "32-true"


def bare(network: nn.Module) -> nn.Module:
    """Return the network without Fabric's wrapper."""
    inner = getattr(network, "module", network)
    return inner if isinstance(inner, nn.Module) else network
