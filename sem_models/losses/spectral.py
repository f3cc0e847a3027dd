"""Losses in frequency space."""

import torch
from torch import Tensor

_TINY = 1e-12


def ring_decorrelation(output: Tensor, target: Tensor) -> Tensor:
    """1 - Fourier ring correlation, mean over rings up to the Nyquist frequency and over images.

    (N, C, H, W) float each, under a Hann window and without their means. It asks for detail at the right place and not
    for its strength, at every frequency alike, where pixel losses only hear the strong low ones (Saxton and Baumeister,
    J. Microsc. 1982, equation 1).
    """
    o, t = _spectrum(output), _spectrum(target)
    ring = _rings(output.shape[-2], output.shape[-1], output.device)
    cross = _by_ring((o * t.conj()).real, ring)
    power = _by_ring(o.abs().square(), ring) * _by_ring(t.abs().square(), ring)
    return 1 - (cross / (power + _TINY).sqrt()).mean()


def _spectrum(x: Tensor) -> Tensor:
    height, width = x.shape[-2:]
    window = torch.hann_window(height, device=x.device)[:, None] * torch.hann_window(width, device=x.device)
    return torch.fft.fft2((x.float() - x.float().mean((-2, -1), keepdim=True)) * window, norm="ortho")


def _rings(height: int, width: int, device: torch.device) -> Tensor:
    """(H, W) number of the ring of each frequency, one ring a frequency step of the shorter side."""
    rows, columns = (torch.fft.fftfreq(size, device=device) for size in (height, width))
    return (torch.hypot(rows[:, None], columns[None, :]) * min(height, width)).round().long()


def _by_ring(values: Tensor, ring: Tensor) -> Tensor:
    """(N, C, H, W) to the sum over each ring from 1 to the Nyquist frequency, (N, C, rings)."""
    count = min(values.shape[-2:]) // 2
    sums = values.new_zeros(*values.shape[:2], int(ring.max()) + 1)
    sums = sums.index_add(2, ring.flatten(), values.flatten(2))
    return sums[..., 1 : count + 1]
