"""Combining several images of one field into one image with more channels, for example from two detectors."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.errors import UserError
from sem_models.images.intensity import IntensityRange, intensity_range, to_unit
from sem_models.images.micrograph import Micrograph, Pixels

_SIZE_TOLERANCE = 0.01
"""Largest relative difference of pixel sizes that count as equal; instruments round the sizes they write."""


def assemble(images: Sequence[Micrograph]) -> Micrograph:
    """Concatenate the channels of (H, W, C1), (H, W, C2), ... in this order and in their native dtype.

    The acquisition facts are those of the first image, and the pixel size is the first that is known. Source, hash and
    history are those of all images together.

    Raises:
        UserError: The images differ in size, in dtype, or in pixel size by more than 1 %.
    """
    require_one_field(images)
    return replace(
        images[0],
        pixels=np.concatenate([image.pixels for image in images], axis=2),
        pixel_size_nm=next((image.pixel_size_nm for image in images if image.pixel_size_nm), None),
        source=" + ".join(image.source for image in images),
        parts=tuple(image.channels for image in images),
        history=tuple(step for image in images for step in image.history),
        sha256=" + ".join(image.sha256 for image in images if image.sha256),
    )


def require_one_field(images: Sequence[Micrograph]) -> None:
    """Check that images can show the same field.

    Raises:
        UserError: They differ in size, in dtype, or in pixel size (where known) by more than 1 %.
    """
    for image in images[1:]:
        _require_like(images[0], image)
    known = [image for image in images if image.pixel_size_nm]
    for image in known[1:]:
        _require_pixel_size(known[0], image)


def part_limits(pixels: Pixels, channels: Sequence[int]) -> tuple[IntensityRange, ...]:
    """Return the intensity limits of each part of (H, W, C) pixels.

    Each detector has its own gain and therefore its own limits, whereas the colour channels of a camera share theirs.

    Args:
        pixels: (H, W, C) in native grey values.
        channels: Number of channels of each part; empty if all channels are one part.
    """
    return tuple(intensity_range(part) for part in _divided(pixels, channels))


def stack_to_unit(pixels: Pixels, channels: Sequence[int], limits: Sequence[IntensityRange]) -> NDArray[np.float32]:
    """Scale (H, W, C) native values to unit intensity, float32, each group of `channels` by its own limits."""
    parts = zip(_divided(pixels, channels), limits, strict=True)
    return np.concatenate([to_unit(part, own) for part, own in parts], axis=2)


def _divided(pixels: Pixels, channels: Sequence[int]) -> list[NDArray[Any]]:
    return np.split(pixels, np.cumsum(channels)[:-1], axis=2) if channels else [pixels]


def _require_like(first: Micrograph, other: Micrograph) -> None:
    if (first.height, first.width) != (other.height, other.width):
        raise UserError(
            f"{first.source} has {first.width} x {first.height} pixels without its data bar, but {other.source} has "
            f"{other.width} x {other.height}; export both with the same size."
        )
    if first.pixels.dtype != other.pixels.dtype:
        raise UserError(
            f"{first.source} is {first.pixels.dtype}, but {other.source} is {other.pixels.dtype}; export both with the "
            "same data type."
        )


def _require_pixel_size(first: Micrograph, other: Micrograph) -> None:
    a, b = first.pixel_size_nm or 0.0, other.pixel_size_nm or 0.0
    if abs(a - b) > _SIZE_TOLERANCE * a:
        raise UserError(
            f"{first.source} has pixels of {a:.4g} nm, but {other.source} has pixels of {b:.4g} nm; either they do not "
            "show the same field, or one of the files is wrong."
        )
