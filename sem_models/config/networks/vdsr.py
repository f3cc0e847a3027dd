"""VDSR (Kim, Lee and Lee, CVPR 2016): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import cubic_halo


class VDSRConfig(Frozen):
    """Settings of VDSR. `depth` counts all convolutions; the paper uses 20 of width 64, without bias."""

    kind: Literal["vdsr"] = "vdsr"
    scale: int = Field(4, ge=1, le=8)
    channels: int = Field(1, ge=1)
    depth: int = Field(20, ge=3)
    width: int = Field(64, ge=1)


def capabilities(config: VDSRConfig) -> Capabilities:
    """Return the capabilities; the reach of one output pixel per convolution, read through the cubic, is exact."""
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=cubic_halo(config.scale, reach=config.depth),
    )
