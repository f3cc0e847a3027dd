"""Training on several devices: one process for each, with its own patches and the mean of all gradients.

Each process takes `train.batch` patches of a batch that all of them draw alike, so that N devices learn what one would
learn with N times the batch. Only the first one reports, validates and writes checkpoints.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn

from sem_models.datasets.sampling.share import Share

_PATIENCE = timedelta(hours=2)
"""How long the others wait while the first process validates."""


class MeanGradients(DDPStrategy):
    """Processes and communication of `DistributedDataParallel`, without its wrapper around each network.

    The wrapper demands that each backward pass reaches all parameters of exactly the networks that ran before it. Parts
    of a GAN share forward passes, stages train some layers only, and cycles run a network several times; here the
    gradients of a part are averaged once they are complete.
    """

    def __init__(self) -> None:
        super().__init__(timeout=_PATIENCE)

    def setup_module(self, module: nn.Module) -> nn.Module:  # type: ignore[override]
        """Return the module itself."""
        return module


def share_of(fabric: Fabric) -> Share:
    """Return which part of each batch this process trains on."""
    return Share(fabric.global_rank, fabric.world_size)


def average(fabric: Fabric, parameters: Sequence[nn.Parameter], losses: Tensor) -> Tensor:
    """Replace the gradients by their means over all processes; returns the means of the (n,) losses."""
    if fabric.world_size == 1:
        return losses
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([*(gradient.flatten().float() for gradient in gradients), losses.float()])
    mean: Any = fabric.all_reduce(flat, reduce_op="mean")
    parts = mean.split([*(gradient.numel() for gradient in gradients), losses.numel()])
    for gradient, part in zip(gradients, parts, strict=False):
        gradient.copy_(part.view_as(gradient))
    result: Tensor = parts[-1]
    return result


def gathered(fabric: Fabric, state: Tensor) -> Tensor:
    """Return the states of the random generators of all processes, (processes, n) uint8 on the CPU."""
    # A sum with zeros, because gathering of bytes is not offered everywhere.
    rows = torch.zeros(fabric.world_size, state.numel(), dtype=torch.int32, device=fabric.device)
    rows[fabric.global_rank] = state.to(rows)
    together: Any = fabric.all_reduce(rows, reduce_op="sum")
    result: Tensor = together.to(torch.uint8).cpu()
    return result


def leave() -> None:
    """End the connection to the other processes, if there is one, so that another training can begin."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
