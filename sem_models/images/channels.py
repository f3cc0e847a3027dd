"""Conversion of grey images that were stored as colour or with transparency."""

import numpy as np

from sem_models.errors import UserError
from sem_models.images.micrograph import Micrograph


def to_grey(micrograph: Micrograph) -> Micrograph:
    """Drop an alpha channel, and reduce three equal colour channels to one. True colour is returned unchanged."""
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
    """Convert to grey as `to_grey` does.

    Raises:
        UserError: The image is in true colour.
    """
    grey = to_grey(micrograph)
    if grey.channels != 1:
        raise UserError(
            f"{micrograph.source}: the image has {grey.channels} different colour channels, but one grey channel is "
            "needed; export the detector signal without false colour."
        )
    return grey
