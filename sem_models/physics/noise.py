"""Detector noise of a scanned image: shot noise of a finite dose and additive read-out noise."""

import math

import torch
from torch import Tensor


def add_noise(
    x: Tensor, dose_e_per_px: float | tuple[float, float] | None, read_noise: float, generator: torch.Generator
) -> Tensor:
    """Poisson-Gaussian noise on (N, C, H, W) float in [0, 1]; the mean is kept, the result is not clipped.

    Args:
        x: Noise-free intensity; values below zero count as no signal for the Poisson part.
        dose_e_per_px: Mean electrons per pixel at intensity 1; a pair: log-uniform in between for each image, because
            what a dose does to an image goes by its ratio to another; None leaves the shot noise out.
        read_noise: Standard deviation of the Gaussian part, as a fraction of the intensity range.
        generator: On the device of `x`.
    """
    if dose_e_per_px is not None:
        dose = _doses(dose_e_per_px, x, generator) if isinstance(dose_e_per_px, tuple) else dose_e_per_px
        x = torch.poisson(x.clamp(min=0) * dose, generator=generator) / dose
    if read_noise > 0:
        normal = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
        x = x + read_noise * normal
    return x


def _doses(ends: tuple[float, float], x: Tensor, generator: torch.Generator) -> Tensor:
    low, high = (math.log(end) for end in ends)
    drawn = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device, dtype=x.dtype)
    return torch.exp(low + (high - low) * drawn)
