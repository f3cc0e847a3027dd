"""Grey images that were stored as colour or with transparency."""

import numpy as np

from sem_models.errors import UserError
from sem_models.images.micrograph import Micrograph


def to_grey(micrograph: Micrograph) -> Micrograph:
    """Drop an alpha channel and equal colour channels; true colour stays as it is."""
    pixels = micrograph.pixels
    if pixels.shape[2] in (2, 4):
        pixels = pixels[:, :, :-1]
    if (
        pixels.shape[2] == 3
        and np.array_equal(pixels[..., 0], pixels[..., 1])
        and np.array_equal(pixels[..., 0], pixels[..., 2])
    ):
        pixels = pixels[:, :, :1]
    return micrograph if pixels is micrograph.pixels else micrograph.with_pixels(np.ascontiguousarray(pixels))


def require_grey(micrograph: Micrograph) -> Micrograph:
    """`to_grey`, but true colour is an error."""
    grey = to_grey(micrograph)
    if grey.channels != 1:
        raise UserError(
            f"{micrograph.source}: it has {grey.channels} colour channels that differ, where one grey channel is "
            "needed; export the detector signal without false colour."
        )
    return grey
