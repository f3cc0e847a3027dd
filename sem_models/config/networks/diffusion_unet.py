"""The U-Net of DDPM (Ho, Jain and Abbeel, NeurIPS 2020): settings and reach."""

from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import Interval, doubled_from, farthest, widened

_LARGEST_HALO = 32


class DiffusionUNetConfig(Frozen):
    """Settings of the U-Net. For CIFAR-10 in the paper: width 128, multipliers 1 2 2 2, attention (1,), dropout 0.1."""

    kind: Literal["diffusion-unet"] = "diffusion-unet"
    channels_in: int = Field(0, ge=0)
    """Channels of the condition; 0: unconditional."""
    channels_out: int = Field(1, ge=1)
    """Channels of the image that is drawn."""
    width: int = Field(64, ge=4, multiple_of=4)
    """Features at the finest level."""
    multipliers: tuple[int, ...] = Field((1, 2, 2, 4), min_length=1, max_length=6)
    """Number of features at each level, as a multiple of `width`. Every level except the last halves the image."""
    blocks: int = Field(2, ge=1)
    """Residual blocks per level on the way down; there is one more per level on the way up."""
    attention: tuple[int, ...] = (2,)
    """Levels with self-attention, counted from 0, the finest. If there are any, the bottom has self-attention too."""
    dropout: float = Field(0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _levels_exist(self) -> "DiffusionUNetConfig":
        missing = [level for level in self.attention if not 0 <= level < len(self.multipliers)]
        if missing or min(self.multipliers) < 1:
            raise ValueError(
                f"attention must name levels from 0 to {len(self.multipliers) - 1}, and multipliers must be 1 or more"
            )
        return self


def capabilities(config: DiffusionUNetConfig) -> Capabilities:
    """Return the capabilities; the receptive field counts the convolutions only.

    Each block adds two pixels, each change of level one, and so do the first and the last convolution. Norms and
    attention look at the whole image, so tiles are a last resort.
    """
    levels = len(config.multipliers)

    def needed(wanted: Interval) -> Interval:
        wanted = widened(wanted, 1)
        for level in range(levels):
            wanted = widened(wanted, 2 * (config.blocks + 1))
            if level + 1 < levels:
                wanted = doubled_from(widened(wanted, 1))
        wanted = widened(wanted, 4)
        for level in reversed(range(levels)):
            wanted = widened(wanted, 2 * config.blocks)
            if level:
                # A convolution with stride 2 and a padding of one pixel on each side.
                wanted = 2 * wanted[0] - 1, 2 * wanted[1] + 1
        return widened(wanted, 1)

    multiple = 2 ** (levels - 1)
    reach = farthest(multiple, needed)
    return Capabilities(
        channels_in=config.channels_in,
        channels_out=config.channels_out,
        scale=1,
        receptive_field=reach,
        size_multiple=multiple,
        tiling="discouraged",
        auxiliary="noise",
        half_on_cpu=True,
        effective_halo=min(reach, _LARGEST_HALO),
    )
