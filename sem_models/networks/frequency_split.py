"""A network that may only change fine detail: what is coarser than a given length passes by construction.

The output is x + high(inner(h) - h), with h = high(x), low a Gaussian low-pass and high = 1 - low: what the network
changes is stripped of its coarse part. Broad contrast (dents, bending, thickness) is thus the one that was recorded,
whatever was learned; a network that has seen too few dents cannot remove them. The price: noise that is as coarse
passes too; of white noise that is 1 / (2 sqrt(pi) sigma) of its standard deviation.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.frequency_split import FrequencySplitConfig
from sem_models.networks.nafnet import NAFNet
from sem_models.networks.unet import UNet

_MIDDLE = 0.5
"""Unit intensities lie around it, as the inner network expects; the high-pass ones lie around zero."""


class FrequencySplit(nn.Module):
    """(N, C, H, W) float32 in [0, 1] to the same."""

    taps: Tensor

    def __init__(self, config: FrequencySplitConfig) -> None:
        """Build the inner network."""
        super().__init__()
        self.inner = _INNER[config.inner.kind](config.inner)
        place = torch.arange(-config.reach_px, config.reach_px + 1, dtype=torch.float64)
        weights = torch.exp(-0.5 * (place / config.sigma_px) ** 2)
        self.register_buffer("taps", (weights / weights.sum()).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Coarse contrast of the input, fine detail of the inner network."""
        fine = x - self.low(x) + _MIDDLE
        change = self.inner(fine) - fine
        result: Tensor = x + change - self.low(change)
        return result

    def low(self, x: Tensor) -> Tensor:
        """The Gaussian low-pass, row by row and column by column, with reflected borders where they are long enough."""
        half, channels = len(self.taps) // 2, x.shape[1]
        mode = "reflect" if half < min(x.shape[-2:]) else "replicate"
        taps = self.taps.to(x.dtype).expand(channels, 1, -1)
        padded = F.pad(x, (half, half, half, half), mode=mode)
        across = F.conv2d(padded, taps[:, :, None, :], groups=channels)
        return F.conv2d(across, taps[:, :, :, None], groups=channels)


_INNER: dict[str, Callable[[Any], nn.Module]] = {"nafnet": NAFNet, "unet": UNet}
