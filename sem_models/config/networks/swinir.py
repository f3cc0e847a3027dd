"""SwinIR (Liang et al., ICCV Workshops 2021): settings and reach."""

from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import shuffle_halo


class SwinIRConfig(Frozen):
    """Settings of SwinIR.

    The classical network has width 180 and 6 groups of 6 layers with 6 heads; the light one has width 60, 4 groups and
    `direct` enlargement.
    """

    kind: Literal["swinir"] = "swinir"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    width: int = Field(180, ge=4)
    groups: int = Field(6, ge=1)
    layers: int = Field(6, ge=1)
    """Attention layers per group; every second one shifts its windows."""
    heads: int = Field(6, ge=1)
    window: int = Field(8, ge=2)
    drop_path: float = Field(0.1, ge=0, lt=1)
    """Stochastic depth: the probability of skipping the last layer. It grows linearly from 0 over the layers."""
    direct: bool = False
    """Whether to enlarge in one step, without features at output size (the light network)."""
    bicubic_skip: bool = True
    """Whether the output adds a bicubic enlargement; of the published networks only those of scale 1 do."""
    mean: tuple[float, ...] = ()
    """Mean of each channel, taken from the input and added to the output, as published for colour images; empty: 0."""

    @model_validator(mode="after")
    def _heads_divide(self) -> "SwinIRConfig":
        if self.width % self.heads:
            raise ValueError("width must be a multiple of heads")
        if len(self.mean) not in (0, self.channels):
            raise ValueError(f"mean must be empty or have one number for each of the {self.channels} channels")
        return self


def capabilities(config: SwinIRConfig) -> Capabilities:
    """Return the capabilities.

    A layer can carry information across its window, which adds up to a large receptive field. Far less of it matters;
    the halo states how much.
    """
    reach = max(_reach(config, phase) for phase in range(config.window))
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=reach,
        size_multiple=config.window,
        channels_last=False,
        effective_halo=min(reach, 4 * config.window),
    )


def _reach(config: SwinIRConfig, phase: int) -> int:
    """Return the reach in input pixels of the output pixel at position `phase` of a window.

    It is traced from the output inwards. A convolution adds one pixel, an attention layer completes its windows.
    Windows of successive layers overlap by half, so that each layer adds half a window.
    """
    window = config.window
    tail = 1 if config.direct else shuffle_halo(config.scale, 1) + 1
    first, last = phase - tail - 1, phase + tail + 1
    for _ in range(config.groups):
        first, last = first - 1, last + 1
        for index in reversed(range(config.layers)):
            shift = window // 2 * (index % 2)
            first -= (first - shift) % window
            last += window - 1 - (last - shift) % window
    return max(phase - first, last - phase) + 1
