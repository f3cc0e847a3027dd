"""Optimisers and learning rates out of typed settings."""

import math
from collections.abc import Iterable

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from sem_models.config.training import Optimiser, Schedule


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


def learning_rate(base: float, schedule: Schedule, step: int, total: int) -> float:
    """Learning rate of the update that follows `step` finished ones; a pure function, so nothing to resume."""
    if step < schedule.warmup_steps:
        return base * (step + 1) / schedule.warmup_steps
    done = min(step / total, 1.0)
    if schedule.name == "cosine":
        span = max(total - schedule.warmup_steps, 1)
        phase = min((step - schedule.warmup_steps) / span, 1.0)
        return base * (schedule.final_fraction + (1 - schedule.final_fraction) * (1 + math.cos(math.pi * phase)) / 2)
    if schedule.name == "multistep":
        return base * schedule.gamma ** sum(done >= milestone for milestone in schedule.milestones)
    if schedule.name == "linear":
        fallen = max(done - schedule.decay_from, 0.0) / (1 - schedule.decay_from)
        return base * (1 - (1 - schedule.final_fraction) * fallen)
    return base
