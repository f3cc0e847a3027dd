"""SRN (Na et al., Acta Materialia 214, 116987, 2021): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities


class SRNConfig(Frozen):
    """The published network has 16 blocks and gives the image itself, not a correction."""

    kind: Literal["srn"] = "srn"
    channels: int = Field(1, ge=1)
    width: int = Field(64, ge=1)
    blocks: int = Field(16, ge=1)
    kernel: Literal[3, 5] = 3
    residual: bool = False
    """Output = input + correction."""


def trunk_reach(blocks: int, kernel: int) -> int:
    """Pixels on each side: half a kernel for each convolution, two a block and three around them."""
    return (2 * blocks + 3) * (kernel // 2)


def capabilities(config: SRNConfig) -> Capabilities:
    """The receptive field is exact."""
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=1,
        receptive_field=trunk_reach(config.blocks, config.kernel),
    )
