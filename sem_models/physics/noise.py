"""Detector noise of a scanned image: shot noise of a finite dose, and additive read noise."""

import math

import torch
from torch import Tensor


def add_noise(
    x: Tensor,
    dose_e_per_px: float | tuple[float, float] | None,
    read_noise: float | Tensor,
    generator: torch.Generator,
    background: tuple[float, float] | None = None,
) -> Tensor:
    """Add Poisson-Gaussian noise to (N, C, H, W) float in [0, 1]. The mean is preserved; the result is not clipped.

    Args:
        x: Noise-free intensity. For the Poisson part, negative values count as zero.
        dose_e_per_px: Mean number of electrons per pixel at intensity 1. For a pair, the dose of each image is drawn
            log-uniformly in between, because ratios of doses matter. None: no shot noise.
        read_noise: Standard deviation of the Gaussian part, as a fraction of the intensity range; a tensor that
            broadcasts against `x` has one for each image.
        generator: Random generator on the device of `x`.
        background: Ends of the part of the electrons at white that also arrive at black, uniform for each image. Their
            mean is subtracted again.
    """
    if dose_e_per_px is not None:
        dose = _doses(dose_e_per_px, x, generator) if isinstance(dose_e_per_px, tuple) else dose_e_per_px
        floor = _uniform(background, x, generator) if background else 0.0
        electrons = torch.poisson((floor + (1 - floor) * x.clamp(min=0)) * dose, generator=generator)
        x = (electrons / dose - floor) / (1 - floor)
    if isinstance(read_noise, Tensor) or read_noise > 0:
        normal = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
        x = x + read_noise * normal
    return x


def _doses(ends: tuple[float, float], x: Tensor, generator: torch.Generator) -> Tensor:
    low, high = (math.log(end) for end in ends)
    return torch.exp(_uniform((low, high), x, generator))


def _uniform(ends: tuple[float, float], x: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device, dtype=x.dtype)
    return ends[0] + (ends[1] - ends[0]) * drawn
