"""RRDBNet, the generator of ESRGAN (Wang et al., ECCV Workshops 2018): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import nearest_halo

LARGEST_HALO = 64
"""In input pixels. Residuals are scaled by a fifth twice, so pixels further away hardly matter."""


class RRDBConfig(Frozen):
    """Settings of RRDBNet. The paper uses 23 residual-in-residual dense blocks of width 64 and growth 32."""

    kind: Literal["rrdb"] = "rrdb"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    blocks: int = Field(23, ge=1)
    width: int = Field(64, ge=1)
    growth: int = Field(32, ge=1)


def capabilities(config: RRDBConfig) -> Capabilities:
    """Return the capabilities: two convolutions at output size, the doublings, 15 convolutions per block, two more."""
    reach = nearest_halo(config.scale, 2) + 15 * config.blocks + 2
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=reach,
        effective_halo=min(reach, LARGEST_HALO),
    )
