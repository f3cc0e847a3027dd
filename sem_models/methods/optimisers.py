"""Optimisers built from typed settings."""

from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from sem_models.config.training import Optimiser


def build_optimiser(settings: Optimiser, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """Build the optimiser of `parameters`; Adam and AdamW are fused, so that each value is read and written once."""
    if settings.name == "sgd":
        return SGD(parameters, settings.lr, momentum=settings.momentum, weight_decay=settings.weight_decay)
    kind = Adam if settings.name == "adam" else AdamW
    return kind(parameters, settings.lr, betas=settings.betas, weight_decay=settings.weight_decay, fused=True)


def constants(settings: Optimiser) -> dict[str, object]:
    """Return what a parameter group of this optimiser holds besides its learning rate."""
    if settings.name == "sgd":
        return {"momentum": settings.momentum, "weight_decay": settings.weight_decay}
    return {"betas": settings.betas, "weight_decay": settings.weight_decay}


def skips_by_itself(optimiser: Optimizer) -> bool:
    """Return whether a step reads from the device if it is to be skipped (`found_inf`), so that the host need not."""
    # Fused SGD would keep uninitialised momentum if its very first step were skipped.
    return isinstance(optimiser, Adam) and bool(optimiser.defaults["fused"])


def continue_from(optimiser: Optimizer, state: dict[str, Any]) -> None:
    """Load the state of an optimiser of an earlier run, which may have updated its parameters one by one."""
    groups = [
        {**group, **{key: optimiser.defaults[key] for key in ("fused", "foreach") if key in group}}
        for group in state["param_groups"]
    ]
    optimiser.load_state_dict({**state, "param_groups": groups})
