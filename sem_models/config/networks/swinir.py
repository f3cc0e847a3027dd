"""SwinIR (Liang et al., ICCV Workshops 2021): settings and reach."""

from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import shuffle_halo


class SwinIRConfig(Frozen):
    """Classical: width 180, 6 groups of 6 layers, 6 heads. Light: width 60, 4 groups, direct enlargement."""

    kind: Literal["swinir"] = "swinir"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    width: int = Field(180, ge=4)
    groups: int = Field(6, ge=1)
    layers: int = Field(6, ge=1)
    """Attention layers a group, every other one with shifted windows."""
    heads: int = Field(6, ge=1)
    window: int = Field(8, ge=2)
    drop_path: float = Field(0.1, ge=0, lt=1)
    """Rate of stochastic depth of the last layer; it grows linearly from 0."""
    direct: bool = False
    """Enlarge in one step without features at output size (the light form)."""

    @model_validator(mode="after")
    def _heads_divide(self) -> "SwinIRConfig":
        if self.width % self.heads:
            raise ValueError("width must be a multiple of heads")
        return self


def capabilities(config: SwinIRConfig) -> Capabilities:
    """A layer can carry a pixel across its window; what matters of that is far less and stated as the halo."""
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
    """Input pixels that the pixel at `phase` of a window needs: outputs inwards, one more a convolution, whole windows.

    Windows of two layers overlap by half, so that a layer adds half a window and not a whole one.
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
