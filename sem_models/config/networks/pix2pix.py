"""The generator of pix2pix (Isola et al., CVPR 2017): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import Interval, farthest, halved_from


class Pix2PixConfig(Frozen):
    """Settings of the generator. The U-Net-256 of the paper has 8 levels and width 64, its U-Net-128 has 7 levels."""

    kind: Literal["pix2pix"] = "pix2pix"
    channels_in: int = Field(1, ge=1)
    channels_out: int = Field(1, ge=1)
    levels: int = Field(8, ge=2, le=10)
    """Number of halvings. Images are padded to multiples of 2^levels."""
    width: int = Field(64, ge=1)
    """Features after the first halving. They double with every further halving, up to eight times `width`."""
    norm: Literal["batch", "instance"] = "batch"
    """Instance norm does not mix images, which suits batches with a single image."""
    dropout: float = Field(0.5, ge=0, lt=1)
    upsampling: Literal["transposed", "resize"] = "transposed"
    """Resize: nearest-neighbour doubling and a 3 x 3 convolution, which avoids checkerboard artefacts (Odena et al.,
    Distill 2016)."""
    finish: Literal["doubling", "convolutions"] = "doubling"
    """Doubling: the last doubling returns the image, as published. Convolutions: its features are joined with the input
    and pass two 3 x 3 convolutions. A resize doubling alone cannot draw anything finer than 4 px; pressed for fine
    texture by the discriminator, it draws a weave with that period instead."""


def capabilities(config: Pix2PixConfig) -> Capabilities:
    """Return the capabilities; the receptive field is traced from the output inwards, through the innermost level.

    For the output pixels a to b, a transposed doubling reads the pixels from ceil((a - 2) / 2) to floor((b + 1) / 2),
    and so does a nearest-neighbour doubling followed by a 3 x 3 convolution. A 4 x 4 halving reads from 2 a - 1 to
    2 b + 2. With instance norm the statistics are held fixed over the tiles. Whole images are preferable, because the
    purpose of the innermost level is to see distant parts of the image.
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
