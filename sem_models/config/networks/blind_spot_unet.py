"""Blind-spot U-Net (Laine et al., NeurIPS 2019): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import Interval, blocks_of_two, doubled_from, farthest


class BlindSpotUNetConfig(Frozen):
    """Settings of the blind-spot U-Net. Laine et al. use depth 5 and width 48 without doubling."""

    kind: Literal["blind-spot-unet"] = "blind-spot-unet"
    channels: int = Field(1, ge=1)
    depth: int = Field(2, ge=1, le=6)
    width: int = Field(32, ge=1)
    """Features of each half plane at the finest level; they double from level to level."""
    excludes: Literal["pixel", "row"] = "pixel"
    """What an output pixel does not depend on: the input pixel at its place, or the whole row, for noise that is
    correlated along the scan line."""

    @property
    def half_planes(self) -> int:
        """Number of half planes that together hold all that an output pixel depends on."""
        return 4 if self.excludes == "pixel" else 2


def capabilities(config: BlindSpotUNetConfig) -> Capabilities:
    """Return the capabilities; the reach away from the edge of a half plane is farther than the one along it."""

    def needed(wanted: Interval) -> Interval:
        wanted = wanted[0] - 1, wanted[1] - 1
        for _ in range(config.depth):
            wanted = doubled_from(_above(wanted))
        wanted = _above(wanted)
        for _ in range(config.depth):
            first, last = blocks_of_two(wanted)
            wanted = _above((first - 1, last - 1))
        return wanted

    multiple = 2**config.depth
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=1,
        receptive_field=farthest(multiple, needed),
        size_multiple=multiple,
        auxiliary="deviation",
    )


def _above(wanted: Interval) -> Interval:
    """Extend rows by what two convolutions read, each of them two rows up and none down."""
    return wanted[0] - 4, wanted[1]
