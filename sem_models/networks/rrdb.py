"""RRDBNet, the generator of ESRGAN (Wang et al., ECCV Workshops 2018).

Deviations: the output adds a bicubic enlargement, so that an untrained network starts at the bicubic baseline; x2 has
one doubling instead of a pixel unshuffle in front.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from sem_models.networks.blocks import NearestDoubling, conv, doublings, nearest_halo
from sem_models.networks.capabilities import Capabilities
from sem_models.physics.downsampling import upsample

_RESIDUAL_SCALE = 0.2
_INIT_GAIN = 0.1
LARGEST_HALO = 64
"""Input pixels: residuals are scaled by a fifth twice, so that what comes from further away hardly matters."""


class RRDBConfig(BaseModel):
    """Residual-in-residual dense blocks; the paper has 23 of width 64 and growth 32."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["rrdb"] = "rrdb"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    blocks: int = Field(23, ge=1)
    width: int = Field(64, ge=1)
    growth: int = Field(32, ge=1)


class ResidualDenseBlock(nn.Module):
    """Five convolutions, each of which sees all before it."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        widths = [growth] * 4 + [width]
        self.convs = nn.ModuleList(
            conv(width + index * growth, after, gain=_INIT_GAIN) for index, after in enumerate(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        features = [x]
        for layer in self.convs[:-1]:
            features.append(F.leaky_relu(layer(torch.cat(features, 1)), 0.2))
        y: Tensor = self.convs[-1](torch.cat(features, 1))
        return x + _RESIDUAL_SCALE * y


class RRDB(nn.Module):
    """Three dense blocks and a residual around them."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*[ResidualDenseBlock(width, growth) for _ in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        y: Tensor = self.blocks(x)
        return x + _RESIDUAL_SCALE * y


class RRDBNet(nn.Module):
    """Trunk of RRDBs at input resolution, nearest doublings, two convolutions."""

    def __init__(self, config: RRDBConfig) -> None:
        super().__init__()
        self.scale, width = config.scale, config.width
        self.head = conv(config.channels, width)
        self.trunk = nn.Sequential(*[RRDB(width, config.growth) for _ in range(config.blocks)])
        self.close = conv(width, width)
        self.enlarge = nn.Sequential(*[NearestDoubling(width) for _ in range(doublings(config.scale))])
        self.high = conv(width, width)
        self.tail = conv(width, config.channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale)."""
        shallow = self.head(x)
        y = self.enlarge(shallow + self.close(self.trunk(shallow)))
        residual: Tensor = self.tail(F.leaky_relu(self.high(y), 0.2))
        return upsample(x, self.scale) + residual


def capabilities(config: RRDBConfig) -> Capabilities:
    """Reach: two convolutions at output size, the doublings, 15 convolutions a block, two more."""
    reach = nearest_halo(config.scale, 2) + 15 * config.blocks + 2
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=reach,
        effective_halo=min(reach, LARGEST_HALO),
    )
