"""Optimisers built from typed settings."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from sem_models.config.training import Optimiser


def build_optimiser(settings: Optimiser, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """Build the optimiser of `parameters`; Adam and AdamW are fused if there is a CUDA device."""
    fused = torch.cuda.is_available()
    if settings.name == "sgd":
        return SGD(parameters, settings.lr, momentum=settings.momentum, weight_decay=settings.weight_decay)
    kind = Adam if settings.name == "adam" else AdamW
    return kind(parameters, settings.lr, betas=settings.betas, weight_decay=settings.weight_decay, fused=fused)


def constants(settings: Optimiser) -> dict[str, object]:
    """Return what a parameter group of this optimiser holds besides its learning rate."""
    if settings.name == "sgd":
        return {"momentum": settings.momentum, "weight_decay": settings.weight_decay}
    return {"betas": settings.betas, "weight_decay": settings.weight_decay}
