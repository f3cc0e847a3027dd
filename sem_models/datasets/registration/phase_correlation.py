"""Shift between two images of one field, by phase correlation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.filters import difference_of_gaussians, window
from skimage.registration import phase_cross_correlation

_UPSAMPLING = 20


def find_shift(fixed: NDArray[Any], moving: NDArray[Any]) -> tuple[float, float]:
    """Find the shift (rows, columns) by which `moving` lies further down and to the right than `fixed`, to 1/20 px.

    Both are (H, W), any dtype. A band-pass removes brightness and pixel noise, and a Hann window suppresses the image
    borders. The sub-pixel step follows Guizar-Sicairos et al., Opt. Lett. 33, 2008. Gradient magnitudes are compared,
    because the contrasts of two detectors may have opposite signs.
    """
    shift, _, _ = phase_cross_correlation(
        _features(moving), _features(fixed), upsample_factor=_UPSAMPLING, normalization=None
    )
    return float(shift[0]), float(shift[1])


def crop_to_overlap(
    fixed: NDArray[Any], moving: NDArray[Any], shift: tuple[float, float], scale: int = 1
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Crop both images to their common field by whole pixels; nothing is interpolated.

    Args:
        fixed: (H, W, C).
        moving: (H x scale, W x scale, C).
        shift: (rows, columns) in px of `moving` by which it lies further down and to the right.
        scale: How many pixels of `moving` lie along an edge of one of `fixed`.
    """
    rows, columns = (_overlap(fixed.shape[axis], moving.shape[axis], round(shift[axis]), scale) for axis in (0, 1))
    return fixed[rows[0], columns[0]], moving[rows[1], columns[1]]


def _overlap(fixed: int, moving: int, shift: int, scale: int) -> tuple[slice, slice]:
    first = max(-(shift // scale), 0)
    other = scale * first + shift
    length = max(min(fixed - first, (moving - other) // scale), 0)
    return slice(first, first + length), slice(other, other + scale * length)


def _features(image: NDArray[Any]) -> NDArray[np.float64]:
    band = difference_of_gaussians(image.astype(np.float64), 1.5, 12.0)
    magnitude = np.hypot(*np.gradient(band))
    features: NDArray[np.float64] = (magnitude - magnitude.mean()) * window("hann", image.shape)
    return features
