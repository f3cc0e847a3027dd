"""Detector noise of a scanned image: shot noise of a finite dose and additive read-out noise."""

import torch
from torch import Tensor


def add_noise(x: Tensor, dose_e_per_px: float | None, read_noise: float, generator: torch.Generator) -> Tensor:
    """Poisson-Gaussian noise on (N, C, H, W) float in [0, 1]; the mean is kept, the result is not clipped.

    Args:
        x: Noise-free intensity; values below zero count as no signal for the Poisson part.
        dose_e_per_px: Mean electrons per pixel at intensity 1; None leaves the shot noise out.
        read_noise: Standard deviation of the Gaussian part, as a fraction of the intensity range.
        generator: On the device of `x`.
    """
    if dose_e_per_px is not None:
        counts = torch.poisson(x.clamp(min=0) * dose_e_per_px, generator=generator)
        x = counts / dose_e_per_px
    if read_noise > 0:
        normal = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
        x = x + read_noise * normal
    return x
