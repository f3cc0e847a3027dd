"""The device and the numerical precision of a run."""

import os
from typing import Any, Literal

from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from torch import nn

from sem_models.bf16 import has_bf16_units
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.training.devices import MeanGradients
from sem_models.training.preflight import Device, preflight


def open_fabric(recipe: Recipe, devices: int = 1) -> Fabric:
    """Set up Fabric on the best device of this machine, in the precision of the recipe.

    With several devices, the environment of this process must say which of them it has (`RANK`, `LOCAL_RANK`,
    `WORLD_SIZE`, `LOCAL_WORLD_SIZE`, `MASTER_ADDR` and `MASTER_PORT`, as torchrun sets them).
    """
    device = preflight().device
    strategy: Any = MeanGradients() if devices > 1 else "auto"
    here = int(os.environ["LOCAL_WORLD_SIZE"]) if devices > 1 else 1
    precision = choose_precision(recipe, device)
    fabric = Fabric(
        accelerator=device, strategy=strategy, devices=here, num_nodes=devices // here, precision=precision,
        plugins=[_environment()],
    )  # fmt: skip
    if devices > 1:
        fabric.launch()
    return fabric


def _environment() -> ClusterEnvironment:
    """Return who has started the processes: torchrun or the workbench, also inside a job of SLURM.

    Left to itself, Fabric would expect one task of SLURM for each process there, and refuse the processes it has.
    """
    return TorchElasticEnvironment() if TorchElasticEnvironment.detect() else LightningEnvironment()


def choose_precision(recipe: Recipe, device: Device) -> Literal["32-true", "bf16-mixed"]:
    """Return the precision of the recipe; `auto` is bf16 on a device with units for it, for a network that benefits."""
    if recipe.train.precision != "auto":
        return recipe.train.precision
    facts = capabilities(recipe.network)
    gains = {"cuda": facts.half_safe, "cpu": facts.half_on_cpu, "mps": False}[device]
    return "bf16-mixed" if gains and has_bf16_units(device) else "32-true"


def bare(network: nn.Module) -> nn.Module:
    """Return the network without Fabric's wrapper."""
    inner = getattr(network, "module", network)
    return inner if isinstance(inner, nn.Module) else network
