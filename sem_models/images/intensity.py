"""Conversion between native grey values and unit intensity, in which networks work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.images.micrograph import Pixels

UnitImage = NDArray[np.float32]
"""An image in unit intensity, 0 for black and 1 for white: (C, H, W), or (H, W) for a single channel."""
_PERCENTILES = (0.1, 99.9)
_MOST_POOLED = 2**24


@dataclass(frozen=True)
class IntensityRange:
    """Intensity limits: the native values that become 0 and 1 in unit intensity."""

    lo: float
    hi: float

    @property
    def span(self) -> float:
        """Difference of the limits, in native grey levels."""
        return self.hi - self.lo


def intensity_range(pixels: Pixels) -> IntensityRange:
    """Return 0 and 255 for uint8, otherwise the 0.1 and 99.9 percentiles.

    Percentiles are needed because detectors use only a fraction of the range of 16 or 32 bit.
    """
    if pixels.dtype == np.uint8:
        return IntensityRange(0.0, 255.0)
    return _robust_range(pixels)


def pooled_range(images: Sequence[Pixels]) -> IntensityRange:
    """Like `intensity_range`, of the pixels of several images of one data type taken together.

    Where they have more than 2^24 pixels, as many are drawn at random, the same ones each time.
    """
    if images[0].dtype == np.uint8:
        return IntensityRange(0.0, 255.0)
    share = min(1.0, _MOST_POOLED / sum(image.size for image in images))
    return _robust_range(np.concatenate([_sample(image, share) for image in images]))


def _sample(image: Pixels, share: float) -> Pixels:
    if share == 1:
        return image.reshape(-1)
    places = np.random.default_rng(0).integers(0, image.size, max(1, round(share * image.size)))
    return image.reshape(-1)[np.sort(places)]


def _robust_range(pixels: Pixels) -> IntensityRange:
    lo, hi = (float(value) for value in np.percentile(pixels, _PERCENTILES))
    if not hi > lo:
        lo, hi = float(pixels.min()), float(pixels.max())
    return IntensityRange(lo, hi if hi > lo else lo + 1.0)


def rescaled(values: NDArray[np.float32], old: IntensityRange, new: IntensityRange) -> NDArray[np.float32]:
    """Unit intensities by `old` limits as unit intensities by `new` ones; the array itself where they are equal."""
    if old == new:
        return values
    native = values.astype(np.float64) * old.span + old.lo
    return ((native - new.lo) / new.span).astype(np.float32)


def to_unit(pixels: Pixels, limits: IntensityRange) -> NDArray[np.float32]:
    """Scale pixels of any shape to unit intensity, (p - lo) / (hi - lo), as float32. Values are not clipped."""
    return ((pixels.astype(np.float64) - limits.lo) / limits.span).astype(np.float32)


def from_unit(values: NDArray[np.float32], limits: IntensityRange, dtype: np.dtype[Any]) -> tuple[Pixels, float]:
    """Convert unit intensity back to native values of type `dtype`. Integers are rounded and clipped to their range.

    Returns:
        The pixels, and the fraction of them that had to be clipped.
    """
    native = values.astype(np.float64) * limits.span + limits.lo
    if dtype.kind not in "iu":
        return native.astype(dtype), 0.0
    info = np.iinfo(dtype)
    rounded = np.rint(native)
    clipped = np.clip(rounded, info.min, info.max)
    return clipped.astype(dtype), float(np.mean(rounded != clipped))
