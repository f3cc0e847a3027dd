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
    fixed: NDArray[Any], moving: NDArray[Any], shift: tuple[float, float]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Crop both (H, W, C) images to their common field by whole pixels; nothing is interpolated."""
    rows, columns = (round(value) for value in shift)
    return _cut(fixed, -rows, -columns), _cut(moving, rows, columns)


def _cut(image: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    height, width = image.shape[:2]
    top, left = max(rows, 0), max(columns, 0)
    return image[top : height + min(rows, 0), left : width + min(columns, 0)]


def _features(image: NDArray[Any]) -> NDArray[np.float64]:
    band = difference_of_gaussians(image.astype(np.float64), 1.5, 12.0)
    magnitude = np.hypot(*np.gradient(band))
    features: NDArray[np.float64] = (magnitude - magnitude.mean()) * window("hann", image.shape)
    return features
