"""The device and the numerical precision of a run."""

from typing import Literal

import torch
from lightning_fabric import Fabric
from torch import nn

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.inference.predictor import choose_device


def open_fabric(recipe: Recipe) -> Fabric:
    """Set up Fabric on the best device of this machine, in the precision of the recipe."""
    device = choose_device()
    return Fabric(accelerator=device, devices=1, precision=choose_precision(recipe, device))


def choose_precision(recipe: Recipe, device: Literal["cpu", "cuda"]) -> Literal["32-true", "bf16-mixed"]:
    """Return the precision of the recipe; `auto` is bf16 if the GPU supports it and the network is safe with it."""
    if recipe.train.precision != "auto":
        return recipe.train.precision
    safe = device == "cuda" and capabilities(recipe.network).half_safe and torch.cuda.is_bf16_supported()
    return "bf16-mixed" if safe else "32-true"


def bare(network: nn.Module) -> nn.Module:
    """Return the network without Fabric's wrapper."""
    inner = getattr(network, "module", network)
    return inner if isinstance(inner, nn.Module) else network
