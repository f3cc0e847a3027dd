"""SINSR and SINSR-GB (after aaivu/CSM-SR, 2024): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.degradation import Downsampling
from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import nearest_halo, projected_halo

TAPS = 4
SHRINKS = (2, 4)
"""Factors by which the two smaller scales are reduced."""


class SINSRConfig(Frozen):
    """Settings of SINSR, and of SINSR-GB, the variant with `gradient_branch`."""

    kind: Literal["sinsr"] = "sinsr"
    scale: Literal[2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    width: int = Field(64, ge=8)
    blocks: int = Field(16, ge=TAPS)
    """Residual attention blocks of the trunk."""
    scale_blocks: int = Field(2, ge=1)
    """Residual attention blocks at each of the three scales."""
    high_width: int = Field(64, ge=1)
    """Features at output size."""
    gradient_branch: bool = False
    back_projection: Downsampling | None = "bicubic_aa"
    """The down-sampling that must reduce the output to the input; None if it is unknown or noisy."""

    @property
    def taps(self) -> tuple[int, ...]:
        """Numbers of the trunk blocks whose output the gradient branch reads, counted from 1."""
        return tuple((index + 1) * (self.blocks // TAPS) for index in range(TAPS))


def capabilities(config: SINSRConfig) -> Capabilities:
    """Return the capabilities.

    With k convolutions the quarter scale reads 4 (k + 1) + 1 pixels; each projection adds the reach of both cubics.
    """
    quarter = SHRINKS[-1] * (2 * config.scale_blocks + 1) + 1
    by_tap = [2 * tap + 3 * (TAPS - index) for index, tap in enumerate(config.taps)]
    after_scales = max(2 * config.blocks + 1, *by_tap) if config.gradient_branch else 2 * config.blocks + 1
    halo = nearest_halo(config.scale, 2) + 1 + after_scales + quarter + 1 + (1 if config.gradient_branch else 0)
    projected = projected_halo(config.scale) if config.back_projection else 0
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=halo + projected,
        size_multiple=SHRINKS[-1],
        back_projection=config.back_projection,
        auxiliary="gradient" if config.gradient_branch else "none",
    )
