"""NAFNet: a U-shaped restorer without activation functions (Chen et al., Simple Baselines, ECCV 2022).

Its channel attention averages over all it is given, a patch in training and the micrograph or a tile in use. We take
the cure of Chu et al. (TLC, ECCV 2022, section 4): the mean of a window around each pixel, moved inwards at edges.
Unlike theirs the window belongs to the network and holds in training too: where it is no smaller than the patch,
both are the published mean over the patch, and where it is smaller the network learns what it will meet. So the
receptive field is finite, and an image gives the same in tiles as in one piece.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from sem_models.networks.blocks import conv
from sem_models.networks.capabilities import Capabilities
from sem_models.networks.gated_blocks import NAFBlock
from sem_models.networks.grids import Interval, blocks_of_two, doubled_from, farthest, widened

_LARGEST_HALO = 64


class NAFNetConfig(BaseModel):
    """The paper: width 32 or 64 and the depths below; a small one is width 16 with one block everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["nafnet"] = "nafnet"
    channels: int = Field(1, ge=1)
    width: int = Field(32, ge=1)
    encoder: tuple[int, ...] = Field((2, 2, 4, 8), min_length=1, max_length=5)
    """Blocks of each level, from the finest on."""
    middle: int = Field(12, ge=0)
    decoder: tuple[int, ...] = (2, 2, 2, 2)
    """Blocks of each level on the way up, from the coarsest on."""
    window: int = Field(128, ge=1)
    """Input pixels along an edge over which channel attention averages; a power of two, 2^levels or more."""

    @model_validator(mode="after")
    def _levels_agree(self) -> "NAFNetConfig":
        if len(self.encoder) != len(self.decoder):
            raise ValueError("encoder and decoder need as many levels")
        if self.window.bit_count() != 1 or self.window < 2 ** len(self.encoder):
            raise ValueError(f"window must be a power of two and {2 ** len(self.encoder)} at least")
        return self


class NAFNet(nn.Module):
    """Encoder, middle and decoder of gated blocks; skips are added, and so is the input at the end."""

    def __init__(self, config: NAFNetConfig) -> None:
        super().__init__()
        self.head = conv(config.channels, config.width, slope=1)
        self.encoder, self.shrink = nn.ModuleList(), nn.ModuleList()
        self.decoder, self.enlarge = nn.ModuleList(), nn.ModuleList()
        width, window = config.width, config.window
        for blocks in config.encoder:
            self.encoder.append(_blocks(blocks, width, window))
            self.shrink.append(nn.Conv2d(width, 2 * width, 2, stride=2))
            width, window = 2 * width, window // 2
        self.middle = _blocks(config.middle, width, window)
        for blocks in config.decoder:
            self.enlarge.append(nn.Sequential(nn.Conv2d(width, 2 * width, 1, bias=False), nn.PixelShuffle(2)))
            width, window = width // 2, 2 * window
            self.decoder.append(_blocks(blocks, width, window))
        # Small, so that an untrained network nearly gives its input.
        self.tail = conv(config.width, config.channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to the same shape; H and W are multiples of 2^levels."""
        y = self.head(x)
        skips: list[Tensor] = []
        for level, shrink in zip(self.encoder, self.shrink, strict=True):
            y = level(y)
            skips.append(y)
            y = shrink(y)
        y = self.middle(y)
        for level, enlarge in zip(self.decoder, self.enlarge, strict=True):
            y = level(skips.pop() + enlarge(y))
        residual: Tensor = self.tail(y)
        return x + residual


def _blocks(count: int, width: int, window: int) -> nn.Sequential:
    return nn.Sequential(*[NAFBlock(width, window) for _ in range(count)])


def capabilities(config: NAFNetConfig) -> Capabilities:
    """Reach from the output inwards: a block reads a window of means, each of which reads one pixel more.

    Windows add up block by block to far more than matters, as a pixel at their end is one of thousands in a mean;
    the halo of tiles is therefore limited.
    """

    def needed(wanted: Interval) -> Interval:
        wanted = widened(wanted, 1)
        for level, blocks in enumerate(reversed(config.decoder)):
            wanted = doubled_from(_through(wanted, blocks, config.window >> level))
        wanted = _through(wanted, config.middle, config.window >> len(config.encoder))
        for level, blocks in reversed(list(enumerate(config.encoder))):
            wanted = _through(blocks_of_two(wanted), blocks, config.window >> level)
        return widened(wanted, 1)

    multiple = 2 ** len(config.encoder)
    reach = farthest(multiple, needed)
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=1,
        receptive_field=reach,
        size_multiple=multiple,
        effective_halo=min(reach, _LARGEST_HALO),
    )


def _through(wanted: Interval, blocks: int, window: int) -> Interval:
    return wanted[0] - blocks * (1 + (window - 1) // 2), wanted[1] + blocks * (1 + window // 2)
