"""SwinIR (Liang et al., ICCV Workshops 2021): residual groups of shifted-window attention.

Deviation: the output adds a bicubic enlargement, so that an untrained network starts at the bicubic floor.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from sem_models.networks.blocks import conv, doublings, shuffle_conv, shuffle_halo
from sem_models.networks.capabilities import Capabilities
from sem_models.networks.windows import SwinLayer
from sem_models.physics.downsampling import upsample

_TAIL_WIDTH = 64


class SwinIRConfig(BaseModel):
    """Classical: width 180, 6 groups of 6 layers, 6 heads. Light: width 60, 4 groups, direct enlargement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["swinir"] = "swinir"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    width: int = Field(180, ge=4)
    groups: int = Field(6, ge=1)
    layers: int = Field(6, ge=1)
    """Attention layers a group, every other one with shifted windows."""
    heads: int = Field(6, ge=1)
    window: int = Field(8, ge=2)
    drop_path: float = Field(0.1, ge=0, lt=1)
    """Rate of stochastic depth of the last layer; it grows linearly from 0."""
    direct: bool = False
    """Enlarge in one step without features at output size (the light form)."""

    @model_validator(mode="after")
    def _heads_divide(self) -> "SwinIRConfig":
        if self.width % self.heads:
            raise ValueError("width must be a multiple of heads")
        return self


class ResidualGroup(nn.Module):
    """Swin layers, a convolution, and the identity."""

    def __init__(self, config: SwinIRConfig, drops: list[float]) -> None:
        super().__init__()
        shift = config.window // 2
        self.layers = nn.ModuleList(
            SwinLayer(config.width, config.heads, config.window, shift * (index % 2), drop)
            for index, drop in enumerate(drops)
        )
        self.conv = nn.Conv2d(config.width, config.width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, H, W, width) to the same shape."""
        y = x
        for layer in self.layers:
            y = layer(y)
        return x + _convolve(self.conv, y)


class SwinIR(nn.Module):
    """Shallow convolution, residual groups, convolution with a long skip, enlargement."""

    def __init__(self, config: SwinIRConfig) -> None:
        super().__init__()
        self.scale, width = config.scale, config.width
        total = config.groups * config.layers
        drops = [config.drop_path * index / max(total - 1, 1) for index in range(total)]
        self.head = nn.Conv2d(config.channels, width, 3, padding=1)
        self.norm_in, self.norm_out = nn.LayerNorm(width), nn.LayerNorm(width)
        self.groups = nn.ModuleList(
            ResidualGroup(config, drops[first : first + config.layers]) for first in range(0, total, config.layers)
        )
        self.close = nn.Conv2d(width, width, 3, padding=1)
        self.enlarge = _direct(config) if config.direct else _staged(config)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale); H and W are multiples of the window."""
        shallow = self.head(x)
        y = self.norm_in(shallow.permute(0, 2, 3, 1))
        for group in self.groups:
            y = group(y)
        features = shallow + _convolve(self.close, self.norm_out(y)).permute(0, 3, 1, 2)
        residual: Tensor = self.enlarge(features)
        return upsample(x, self.scale) + residual


def _convolve(layer: nn.Conv2d, x: Tensor) -> Tensor:
    y: Tensor = layer(x.permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1)


def _staged(config: SwinIRConfig) -> nn.Sequential:
    steps: list[nn.Module] = [nn.Conv2d(config.width, _TAIL_WIDTH, 3, padding=1), nn.LeakyReLU(0.01)]
    for _ in range(doublings(config.scale)):
        steps += [shuffle_conv(_TAIL_WIDTH), nn.PixelShuffle(2)]
    return nn.Sequential(*steps, conv(_TAIL_WIDTH, config.channels, gain=1e-2))


def _direct(config: SwinIRConfig) -> nn.Sequential:
    return nn.Sequential(
        conv(config.width, config.scale**2 * config.channels, gain=1e-2), nn.PixelShuffle(config.scale)
    )


def capabilities(config: SwinIRConfig) -> Capabilities:
    """A layer can carry a pixel across its window; what matters of that is far less and stated as the halo."""
    reach = max(_reach(config, phase) for phase in range(config.window))
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=reach,
        size_multiple=config.window,
        channels_last=False,
        effective_halo=min(reach, 4 * config.window),
    )


def _reach(config: SwinIRConfig, phase: int) -> int:
    """Input pixels that the pixel at `phase` of a window needs: outputs inwards, one more a convolution, whole windows.

    Windows of two layers overlap by half, so that a layer adds half a window and not a whole one.
    """
    window = config.window
    tail = 1 if config.direct else shuffle_halo(config.scale, 1) + 1
    first, last = phase - tail - 1, phase + tail + 1
    for _ in range(config.groups):
        first, last = first - 1, last + 1
        for index in reversed(range(config.layers)):
            shift = window // 2 * (index % 2)
            first -= (first - shift) % window
            last += window - 1 - (last - shift) % window
    return max(phase - first, last - phase) + 1
