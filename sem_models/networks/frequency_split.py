"""A network that may only change fine detail: what is coarser than a given length passes by construction.

The output is x + high(inner(h) - h), with h = high(x), low a Gaussian low-pass and high = 1 - low: what the network
changes is stripped of its coarse part. Broad contrast (dents, bending, thickness) is thus the one that was recorded,
whatever was learned; a network that has seen too few dents cannot remove them. The price: noise that is as coarse
passes too; of white noise that is 1 / (2 sqrt(pi) sigma) of its standard deviation.
"""

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from sem_models.networks import nafnet, unet
from sem_models.networks.capabilities import Capabilities

_REACH = 4.0
"""Half-width of the Gaussian in sigmas."""
_MIDDLE = 0.5
"""Unit intensities lie around it, as the inner network expects; the high-pass ones lie around zero."""


class FrequencySplitConfig(BaseModel):
    """What is fine, and which network restores it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["frequency-split"] = "frequency-split"
    sigma_px: float = Field(8.0, gt=0.5, le=64)
    """Of the Gaussian low-pass: half an atom period blurs atoms away, so a period or more belongs here."""
    inner: Annotated[unet.UNetConfig | nafnet.NAFNetConfig, Field(discriminator="kind")]


class FrequencySplit(nn.Module):
    """(N, C, H, W) float32 in [0, 1] to the same."""

    taps: Tensor

    def __init__(self, config: FrequencySplitConfig) -> None:
        """Build the inner network."""
        super().__init__()
        self.inner = _build(config)
        place = torch.arange(-_half(config), _half(config) + 1, dtype=torch.float64)
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


def capabilities(config: FrequencySplitConfig) -> Capabilities:
    """Facts of the inner network; both low-passes add their reach to its own."""
    inner = nafnet.capabilities(config.inner) if isinstance(config.inner, nafnet.NAFNetConfig) else _of_unet(config)
    half = 2 * _half(config)
    return Capabilities(
        channels_in=inner.channels_in,
        channels_out=inner.channels_out,
        scale=1,
        receptive_field=inner.receptive_field + half,
        size_multiple=inner.size_multiple,
        channels_last=inner.channels_last,
        effective_halo=None if inner.effective_halo is None else inner.effective_halo + half,
    )


def _of_unet(config: FrequencySplitConfig) -> Capabilities:
    assert isinstance(config.inner, unet.UNetConfig)  # noqa: S101
    return unet.capabilities(config.inner)


def _build(config: FrequencySplitConfig) -> nn.Module:
    inner = config.inner
    return nafnet.NAFNet(inner) if isinstance(inner, nafnet.NAFNetConfig) else unet.UNet(inner)


def _half(config: FrequencySplitConfig) -> int:
    return round(_REACH * config.sigma_px)
