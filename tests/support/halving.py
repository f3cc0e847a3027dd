"""A denoiser that halves grey levels: its outputs are known exactly."""

import threading

import torch
from torch import Tensor, nn

from sem_models.config.intensity import IntensityLimits, TypeLimits
from sem_models.config.presets.table import find_recipe
from sem_models.inference.model import RestorationModel


class Half(nn.Module):
    """Halves grey levels, and waits for permission where a test wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))
        self.may_go, self.entered = threading.Event(), threading.Event()
        self.may_go.set()

    def forward(self, x: Tensor) -> Tensor:
        self.entered.set()
        self.may_go.wait(20)
        return x[:, :1] * self.weight


def black_to_60000(dtype: str) -> IntensityLimits:
    """Limits of a model that learned from one data type."""
    limits = (TypeLimits(dtype=dtype, parts=((0.0, 60000.0),)),)
    return IntensityLimits(input=limits, output=limits)


def halving(dtype: str = "uint16") -> RestorationModel:
    """A denoiser whose network halves."""
    recipe = find_recipe("nafnet-denoise-small").model_copy(update={"limits": black_to_60000(dtype)})
    return RestorationModel(recipe, Half().requires_grad_(False), "half", run_id="r" * 32)
