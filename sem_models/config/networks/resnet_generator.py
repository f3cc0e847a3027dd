"""The generator of CycleGAN (Zhu et al., ICCV 2017): settings and reach."""

from typing import Literal, Self

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities


class ResNetConfig(Frozen):
    """Settings of the generator. The paper uses width 64, with 9 blocks for 256 px and more and 6 blocks for 128 px."""

    kind: Literal["resnet"] = "resnet"
    channels_in: int = Field(1, ge=1)
    channels_out: int = Field(1, ge=1)
    blocks: int = Field(9, ge=1)
    width: int = Field(64, ge=1)
    upsampling: Literal["transposed", "resize"] = "transposed"
    """Resize: nearest-neighbour doubling and a 3 x 3 convolution, which avoids checkerboard artefacts (Odena et al.,
    Distill 2016)."""
    residual: bool = False
    """Whether the output is added to the input, for restoration. Then there is no tanh, and it may leave [0, 1]."""

    @model_validator(mode="after")
    def _addable(self) -> Self:
        if self.residual and self.channels_in != self.channels_out:
            raise ValueError("with residual, channels_in and channels_out must be equal")
        return self


def capabilities(config: ResNetConfig) -> Capabilities:
    """Return the capabilities; the receptive field holds while the statistics of the norms are fixed.

    It is traced from the output inwards, for the position on the grid of 4 pixels that reaches furthest. The last
    convolution reads [-3, 3] around output pixel p. For the outputs a to b, a transposed doubling reads the pixels from
    ceil((a - 1) / 2) to floor((b + 1) / 2), and a halving those from 2 a - 1 to 2 b + 1. With n blocks and the first
    convolution this gives 8 n + 12 at p = 2 (mod 4). Resizing reads from floor((a - 1) / 2), which gives 8 n + 15 at
    p = 1. The tests check this by brute force.
    """
    return Capabilities(
        channels_in=config.channels_in,
        channels_out=config.channels_out,
        scale=1,
        receptive_field=8 * config.blocks + (12 if config.upsampling == "transposed" else 15),
        size_multiple=4,
        tiling="statistics",
    )
