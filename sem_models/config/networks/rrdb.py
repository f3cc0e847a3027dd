"""RRDBNet, the generator of ESRGAN (Wang et al., ECCV Workshops 2018): settings and reach."""

from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import nearest_halo

LARGEST_HALO = 64
"""In pixels of the trunk. Residuals are scaled by a fifth twice, so pixels further away hardly matter."""


class RRDBConfig(Frozen):
    """Settings of RRDBNet. The paper uses 23 residual-in-residual dense blocks of width 64 and growth 32."""

    kind: Literal["rrdb"] = "rrdb"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    blocks: int = Field(23, ge=1)
    width: int = Field(64, ge=1)
    growth: int = Field(32, ge=1)
    unshuffle: Literal[1, 2, 4] = 1
    """Edge of the blocks of input pixels that become channels before the trunk. Real-ESRGAN has 2 for x2 and 4 for x1,
    so that its trunk always enlarges by 4."""
    bicubic_skip: bool = True
    """Whether the output adds a bicubic enlargement; the published networks do not."""

    @model_validator(mode="after")
    def _trunk_enlarges(self) -> "RRDBConfig":
        if self.scale * self.unshuffle > 8:
            raise ValueError("scale times unshuffle must be at most 8")
        return self


def capabilities(config: RRDBConfig) -> Capabilities:
    """Return the capabilities: two convolutions at output size, the doublings, 15 convolutions per block, two more.

    A pixel of the trunk is a block of `unshuffle` input pixels, anywhere in which the output pixel may lie.
    """
    block = config.unshuffle
    reach = nearest_halo(config.scale * block, 2) + 15 * config.blocks + 2
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=block * reach + block - 1,
        size_multiple=block,
        effective_halo=block * min(reach, LARGEST_HALO) + block - 1,
    )
