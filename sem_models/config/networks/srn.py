"""SRN (Na et al., Acta Materialia 214, 116987, 2021): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities


class SRNConfig(Frozen):
    """Settings of SRN. The published network has 16 blocks and returns the image itself, not a correction."""

    kind: Literal["srn"] = "srn"
    channels: int = Field(1, ge=1)
    width: int = Field(64, ge=1)
    blocks: int = Field(16, ge=1)
    kernel: Literal[3, 5] = 3
    residual: bool = False
    """Whether the output is the input plus a learned correction."""


def trunk_reach(blocks: int, kernel: int) -> int:
    """Return the reach in pixels: half a kernel per convolution, with two convolutions per block and three others."""
    return (2 * blocks + 3) * (kernel // 2)


def capabilities(config: SRNConfig) -> Capabilities:
    """Return the capabilities; the receptive field is exact."""
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=1,
        receptive_field=trunk_reach(config.blocks, config.kernel),
    )
