"""SPSR (Ma et al., CVPR 2020): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import nearest_halo
from sem_models.config.networks.rrdb import LARGEST_HALO

TAPS = 4


class SPSRConfig(Frozen):
    """Settings of SPSR: the trunk of RRDBNet, whose features a gradient branch reads at four places.

    In the paper these are after blocks 5, 10, 15 and 20.
    """

    kind: Literal["spsr"] = "spsr"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    blocks: int = Field(23, ge=TAPS)
    width: int = Field(64, ge=1)
    growth: int = Field(32, ge=1)

    @property
    def taps(self) -> tuple[int, ...]:
        """Numbers of the trunk blocks whose output the branch reads, counted from 1."""
        return tuple((index + 1) * (self.blocks // TAPS) for index in range(TAPS))


def capabilities(config: SPSRConfig) -> Capabilities:
    """Return the capabilities, with the reach of the longest path: the whole trunk, or part of it and of the branch."""
    trunk = 15 * config.blocks
    by_tap = [15 * tap + 16 * (TAPS - index) for index, tap in enumerate(config.taps)]
    gradient = 1 + 16 * TAPS
    at_output = 2 + 16
    reach = nearest_halo(config.scale, at_output + 2) + 2 + max(trunk, *by_tap, gradient)
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=reach,
        effective_halo=min(reach, LARGEST_HALO),
        auxiliary="gradient",
        fusion=("fuse", "fuse_join", "high", "tail"),
    )
