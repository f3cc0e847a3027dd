"""A network that can only change fine detail: everything coarser than a given length passes by construction.

The output is x + high(inner(h) - h) with h = high(x), where low is a Gaussian low-pass and high = 1 - low: the coarse
part of every change is removed. Coarse brightness variations (dents, bending, thickness) therefore stay as recorded,
whatever was learned; even a network that has seen too few dents cannot remove them. The price is that equally coarse
noise passes too, which for white noise is 1 / (2 sqrt(pi) sigma) of its standard deviation.
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
"""Added to the high-pass image, which is centred on zero, because the inner network expects unit intensity."""


class FrequencySplit(nn.Module):
    """Restores fine detail and passes coarse variations: (N, C, H, W) float32 in [0, 1] to the same shape."""

    taps: Tensor

    def __init__(self, config: FrequencySplitConfig) -> None:
        """Build the inner network."""
        super().__init__()
        self.inner = _INNER[config.inner.kind](config.inner)
        place = torch.arange(-config.reach_px, config.reach_px + 1, dtype=torch.float64)
        weights = torch.exp(-0.5 * (place / config.sigma_px) ** 2)
        self.register_buffer("taps", (weights / weights.sum()).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Combine the coarse variations of the input with the fine detail of the inner network; the shape is kept."""
        fine = x - self.low(x) + _MIDDLE
        change = self.inner(fine) - fine
        result: Tensor = x + change - self.low(change)
        return result

    def low(self, x: Tensor) -> Tensor:
        """Apply the Gaussian low-pass. Borders are reflected, or replicated if the image is smaller than the filter."""
        half, channels = len(self.taps) // 2, x.shape[1]
        mode = "reflect" if half < min(x.shape[-2:]) else "replicate"
        taps = self.taps.to(x.dtype).expand(channels, 1, -1)
        padded = F.pad(x, (half, half, half, half), mode=mode)
        across = F.conv2d(padded, taps[:, :, None, :], groups=channels)
        return F.conv2d(across, taps[:, :, :, None], groups=channels)


_INNER: dict[str, Callable[[Any], nn.Module]] = {"nafnet": NAFNet, "unet": UNet}
