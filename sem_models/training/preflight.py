"""Which device a training uses, found by trying what a training needs, and why another one is not used."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

Device = Literal["cpu", "cuda", "mps"]


@dataclass(frozen=True)
class Preflight:
    """The device that was found."""

    device: Device
    refused: tuple[str, ...]
    """One sentence for each faster kind of device that is not used."""

    def __str__(self) -> str:
        """Return the device and the reasons in one line."""
        return " ".join([f"Training on {self.device}.", *self.refused])


def preflight() -> Preflight:
    """Return the fastest device on which a small training step works."""
    refused: list[str] = []
    for kind, (is_built, is_found) in _KINDS.items():
        if not (reason := _why_not(kind, is_built(), is_found)):
            return Preflight(kind, tuple(refused))
        refused.append(f"{kind} is not used: {reason}.")
    return Preflight("cpu", tuple(refused))


_KINDS: dict[Device, tuple[Callable[[], bool], Callable[[], bool]]] = {
    "cuda": (lambda: torch.backends.cuda.is_built(), lambda: torch.cuda.is_available()),
    "mps": (lambda: torch.backends.mps.is_built(), lambda: torch.backends.mps.is_available()),
}
"""Faster kinds of devices, the fastest first: whether this build of PyTorch supports one, and whether there is one."""


def _why_not(kind: Device, is_built: bool, is_found: Callable[[], bool]) -> str:
    if not is_built:
        return "this build of PyTorch does not support it"
    if not is_found():
        return "no driver and device were found"
    try:
        _small_step(torch.device(kind))
    except Exception as error:
        # Drivers, missing kernels and full memory raise different errors.
        return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return ""


def _small_step(device: torch.device) -> None:
    """Do what training needs: random numbers, 64-bit means of images, a convolution with its gradient, an update."""
    generator = torch.Generator(device).manual_seed(0)
    x = torch.rand(1, 1, 8, 8, device=device, generator=generator)
    x.double().mean()
    network = nn.Conv2d(1, 1, 3).to(device)
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    network(x).mean().backward()
    optimiser.step()
