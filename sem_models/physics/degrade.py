"""The forward model that makes a network's input out of a sharp micrograph."""

import torch
from torch import Tensor

from sem_models.physics.degradation import Degradation
from sem_models.physics.downsampling import downsample
from sem_models.physics.noise import add_noise


def degrade(x: Tensor, settings: Degradation, generator: torch.Generator) -> Tensor:
    """(N, C, H, W) float in [0, 1] to (N, C, H / scale, W / scale); H and W must be multiples of the scale."""
    small = downsample(x, settings.scale, settings.downsampling)
    return add_noise(small, settings.dose_e_per_px, settings.read_noise, generator)
