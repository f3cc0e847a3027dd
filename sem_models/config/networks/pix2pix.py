"""The generator of pix2pix (Isola et al., CVPR 2017): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import Interval, farthest, halved_from


class Pix2PixConfig(Frozen):
    """The paper's U-Net-256: 8 levels, width 64. U-Net-128: 7 levels."""

    kind: Literal["pix2pix"] = "pix2pix"
    channels_in: int = Field(1, ge=1)
    channels_out: int = Field(1, ge=1)
    levels: int = Field(8, ge=2, le=10)
    """Halvings; images are padded to multiples of 2 to the power of it."""
    width: int = Field(64, ge=1)
    """Features after the first halving; they double with every further one up to eight times as many."""
    norm: Literal["batch", "instance"] = "batch"
    """Instance norm has no memory of other images, which suits single images a step."""
    dropout: float = Field(0.5, ge=0, lt=1)
    upsampling: Literal["transposed", "resize"] = "transposed"
    """Resize: nearest doubling and a 3 x 3 convolution, against checkerboards (Odena et al., Distill 2016)."""
    finish: Literal["doubling", "convolutions"] = "doubling"
    """Doubling: the last one gives the image, as published. Convolutions: its features join the input and pass two
    convolutions of 3 x 3. A resized doubling alone cannot draw anything finer than 4 px, and a discriminator that asks
    for fine texture gets a weave of that period instead."""


def capabilities(config: Pix2PixConfig) -> Capabilities:
    """Reach of the way through the innermost level, from the output inwards; instance norm with statistics held.

    A transposed doubling reads the pixels from ceil((a - 2) / 2) to floor((b + 1) / 2) for outputs from a to b; so do a
    nearest doubling and a convolution of 3 x 3. A halving of 4 x 4 reads from 2 a - 1 to 2 b + 2. Whole images are
    preferred: the innermost level is there to see what is far away.
    """

    def needed(wanted: Interval) -> Interval:
        if config.finish == "convolutions":
            wanted = wanted[0] - 2, wanted[1] + 2
        for _ in range(config.levels):
            wanted = (wanted[0] - 1) // 2, (wanted[1] + 1) // 2
        for _ in range(config.levels):
            wanted = halved_from(wanted)
        return wanted

    multiple = 2**config.levels
    return Capabilities(
        channels_in=config.channels_in,
        channels_out=config.channels_out,
        scale=1,
        receptive_field=farthest(multiple, needed),
        size_multiple=multiple,
        probabilities=True,
        tiling="discouraged" if config.norm == "batch" else "statistics",
    )
