"""SRResNet without batch norm (Ledig et al., CVPR 2017; the baseline form of Wang et al., ESRGAN, 2018).

Deviation: the long skip is bicubic, not bilinear, so that an untrained network starts at the bicubic baseline.
"""

from typing import Literal

import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from sem_models.networks.blocks import conv, doublings, shuffle_conv, shuffle_halo
from sem_models.networks.capabilities import Capabilities
from sem_models.physics.downsampling import upsample

_SLOPE = 0.1


class SRResNetConfig(BaseModel):
    """Residual blocks at low resolution, pixel-shuffle enlargement; the paper has 16 blocks of width 64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["srresnet"] = "srresnet"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    blocks: int = Field(16, ge=1)
    width: int = Field(64, ge=1)


def _conv(before: int, after: int, gain: float = 1.0) -> nn.Conv2d:
    return conv(before, after, gain=gain, slope=_SLOPE)


class ResidualBlock(nn.Module):
    """Two convolutions and the identity; the weights start at a tenth, as without batch norm they must."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width, gain=0.1)
        self.second = _conv(width, width, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        y: Tensor = self.second(F.relu(self.first(x)))
        return x + y


class SRResNet(nn.Module):
    """Residual trunk at input resolution, then doublings by pixel shuffle."""

    def __init__(self, config: SRResNetConfig) -> None:
        super().__init__()
        self.scale = config.scale
        width = config.width
        self.head = _conv(config.channels, width)
        self.trunk = nn.Sequential(*[ResidualBlock(width) for _ in range(config.blocks)])
        self.enlarge = nn.ModuleList(shuffle_conv(width, _SLOPE) for _ in range(doublings(config.scale)))
        self.high = _conv(width, width)
        self.tail = _conv(width, config.channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale)."""
        y = self.trunk(F.leaky_relu(self.head(x), _SLOPE))
        for doubling in self.enlarge:
            y = F.leaky_relu(F.pixel_shuffle(doubling(y), 2), _SLOPE)
        residual: Tensor = self.tail(F.leaky_relu(self.high(y), _SLOPE))
        return upsample(x, self.scale) + residual


def capabilities(config: SRResNetConfig) -> Capabilities:
    """Halo: from the output inwards one pixel a convolution; each pixel shuffle halves what was needed, rounded up."""
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=shuffle_halo(config.scale, 2) + 2 * config.blocks + 1,
    )
