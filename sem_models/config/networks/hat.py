"""HAT, the hybrid attention transformer (Chen et al., CVPR 2023): settings and reach."""

from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import Interval, farthest, shuffle_halo, widened


class HATConfig(Frozen):
    """Settings of HAT, by default those of the published network.

    HAT-S has width 144 and `conv_width` 6.
    """

    kind: Literal["hat"] = "hat"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    width: int = Field(180, ge=4)
    groups: int = Field(6, ge=1)
    layers: int = Field(6, ge=1)
    """Layers of window attention per group, before its overlapping attention; every second one shifts its windows."""
    heads: int = Field(6, ge=1)
    window: int = Field(16, ge=2)
    overlap: int = Field(4, ge=0)
    """By how many pixels on each side keys and values of the overlapping attention reach beyond their window."""
    conv_width: int = Field(60, ge=1)
    """Features between the two convolutions beside each window attention."""
    squeeze: int = Field(6, ge=1)
    """Features to which channel attention squeezes."""
    pool: int = Field(128, ge=2)
    """Edge length, in input pixels, of the window over which channel attention averages: a power of two."""
    tail_width: int = Field(64, ge=1)
    """Features while the image is enlarged."""
    drop_path: float = Field(0.1, ge=0, lt=1)
    """Stochastic depth: the probability of skipping the last layer. It grows linearly from 0 over the layers."""
    bicubic_skip: bool = True
    """Whether the output adds a bicubic enlargement; the published networks do not."""
    mean: tuple[float, ...] = ()
    """Mean of each channel, taken from the input and added to the output, as published for colour images; empty: 0."""

    @model_validator(mode="after")
    def _fits(self) -> "HATConfig":
        if self.width % self.heads:
            raise ValueError("width must be a multiple of heads")
        if self.pool.bit_count() != 1:
            raise ValueError("pool must be a power of two")
        if len(self.mean) not in (0, self.channels):
            raise ValueError(f"mean must be empty or have one number for each of the {self.channels} channels")
        return self


_HALO_WINDOWS = 4
"""Halo of the tiles, in attention windows."""


def capabilities(config: HATConfig) -> Capabilities:
    """Return the capabilities; the receptive field is traced from the output inwards.

    Layers carry information across their windows, and channel attention averages over a larger one, which adds up to
    a reach far beyond what matters: the means enter with a hundredth of the features. The halo states how much does.
    """
    reach = farthest(config.window, lambda wanted: _needed(config, wanted))
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=reach,
        size_multiple=config.window,
        channels_last=False,
        effective_halo=min(reach, _HALO_WINDOWS * config.window),
        window=config.pool,
    )


def _needed(config: HATConfig, wanted: Interval) -> Interval:
    """Return the input pixels that an interval of low-resolution pixels of the output depends on."""
    # One convolution to the features of the tail, one after the last group and one of the head.
    needed = widened(wanted, shuffle_halo(config.scale, 1) + 2)
    for _ in range(config.groups):
        needed = widened(needed, 1)
        first, last = _windows(needed, config.window, 0)
        needed = first - config.overlap, last + config.overlap
        for index in reversed(range(config.layers)):
            needed = _layer(config, needed, config.window // 2 * (index % 2))
    return widened(needed, 1)


def _layer(config: HATConfig, wanted: Interval, shift: int) -> Interval:
    """Return what attention in windows and, beside it, two convolutions with a mean over `pool` pixels depend on."""
    attended = _windows(wanted, config.window, shift)
    pooled = widened((wanted[0] - (config.pool - 1) // 2, wanted[1] + config.pool // 2), 2)
    return min(attended[0], pooled[0]), max(attended[1], pooled[1])


def _windows(wanted: Interval, window: int, shift: int) -> Interval:
    first, last = wanted
    return first - (first - shift) % window, last + window - 1 - (last - shift) % window
