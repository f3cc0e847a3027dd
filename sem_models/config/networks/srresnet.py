"""SRResNet without batch norm (Ledig et al., CVPR 2017): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import shuffle_halo


class SRResNetConfig(Frozen):
    """Settings of SRResNet: residual blocks at low resolution (16 of width 64 in the paper), then pixel shuffles."""

    kind: Literal["srresnet"] = "srresnet"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    blocks: int = Field(16, ge=1)
    width: int = Field(64, ge=1)


def capabilities(config: SRResNetConfig) -> Capabilities:
    """Return the capabilities.

    From the output inwards, each convolution adds one pixel and each pixel shuffle halves the reach, rounded up.
    """
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=shuffle_halo(config.scale, 2) + 2 * config.blocks + 1,
    )
