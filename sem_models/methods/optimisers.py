"""Optimisers out of typed settings."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from sem_models.config.training import Optimiser


def build_optimiser(settings: Optimiser, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """The optimiser over `parameters`, fused where a CUDA device allows it."""
    fused = torch.cuda.is_available()
    if settings.name == "sgd":
        return SGD(parameters, settings.lr, momentum=settings.momentum, weight_decay=settings.weight_decay)
    kind = Adam if settings.name == "adam" else AdamW
    return kind(parameters, settings.lr, betas=settings.betas, weight_decay=settings.weight_decay, fused=fused)


def constants(settings: Optimiser) -> dict[str, object]:
    """What a parameter group of such an optimiser holds besides its learning rate."""
    if settings.name == "sgd":
        return {"momentum": settings.momentum, "weight_decay": settings.weight_decay}
    return {"betas": settings.betas, "weight_decay": settings.weight_decay}
