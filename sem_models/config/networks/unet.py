"""U-Net (Ronneberger, Fischer and Brox, MICCAI 2015): settings and reach."""

from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import Interval, blocks_of_two, doubled_from, farthest, halved_from, widened


class UNetConfig(Frozen):
    """Settings of the U-Net. CARE uses depth 2 and width 32; Petrography2SEM depth 4, width 64 and `batch-norm`."""

    kind: Literal["unet"] = "unet"
    variant: Literal["care", "n2v2", "batch-norm"] = "care"
    channels_in: int = Field(1, ge=1)
    channels_out: int = Field(1, ge=1)
    depth: int = Field(2, ge=1, le=6)
    width: int = Field(32, ge=1)
    """Features at the finest level; they double from level to level."""
    upsampling: Literal["transposed", "resize"] | None = Field(None, exclude_if=lambda upsampling: upsampling is None)
    """How `batch-norm` doubles on the way up. Transposed (None): as published. Resize: nearest-neighbour doubling and a
    3 x 3 convolution, which leaves no dotted edges (Odena et al., Distill 2016). The other variants always resize."""
    residual: bool = False
    """Whether the output is the input plus a learned correction, which starts at zero."""
    head: Literal["linear", "sigmoid"] = "linear"
    """Sigmoid: the output is a probability, always between 0 and 1."""

    @property
    def resizes(self) -> bool:
        """Whether a convolution of its own follows each nearest-neighbour doubling."""
        return self.variant == "batch-norm" and self.upsampling == "resize"

    @model_validator(mode="after")
    def _upsampling_fits(self) -> "UNetConfig":
        if self.variant != "batch-norm" and self.upsampling == "transposed":
            raise ValueError(f"{self.variant} doubles by resizing; leave upsampling out or use the variant batch-norm")
        return self

    @model_validator(mode="after")
    def _residual_fits(self) -> "UNetConfig":
        if self.residual and self.channels_in != self.channels_out:
            raise ValueError("with residual, channels_in and channels_out must be equal")
        if self.residual and self.variant == "n2v2":
            raise ValueError("n2v2 cannot be residual: that would bring back the pixel that the missing skip removes")
        if self.residual and self.head == "sigmoid":
            raise ValueError("residual cannot have a sigmoid: a correction of the input is not a probability")
        return self


def capabilities(config: UNetConfig) -> Capabilities:
    """Return the capabilities; the receptive field is traced through the bottom, two pixels per level each way."""
    halving = halved_from if config.variant == "n2v2" else blocks_of_two

    def needed(wanted: Interval) -> Interval:
        for _ in range(config.depth):
            wanted = doubled_from(widened(wanted, 3 if config.resizes else 2))
        wanted = widened(wanted, 2)
        for _ in range(config.depth):
            wanted = widened(halving(wanted), 2)
        return wanted

    multiple = 2**config.depth
    return Capabilities(
        channels_in=config.channels_in,
        channels_out=config.channels_out,
        scale=1,
        receptive_field=farthest(multiple, needed),
        size_multiple=multiple,
        probabilities=config.head == "sigmoid",
    )
