"""Shift between two images of one field, by phase correlation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.filters import difference_of_gaussians, window
from skimage.registration import phase_cross_correlation

_UPSAMPLING = 20


def find_shift(fixed: NDArray[Any], moving: NDArray[Any]) -> tuple[float, float]:
    """(rows, columns) by which `moving` lies further down and right than `fixed`, to 1/20 px.

    Both (H, W), any dtype. A band-pass takes brightness and pixel noise out, a Hann window the image edges
    (Guizar-Sicairos et al., Opt. Lett. 33, 2008, for the sub-pixel step). Where the contrast of the two detectors
    differs in sign, only structure edges of either sign can match: the gradient magnitude is compared.
    """
    shift, _, _ = phase_cross_correlation(
        _features(moving), _features(fixed), upsample_factor=_UPSAMPLING, normalization=None
    )
    return float(shift[0]), float(shift[1])


def crop_to_overlap(
    fixed: NDArray[Any], moving: NDArray[Any], shift: tuple[float, float]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both (H, W, C) images cut to their common field, by whole pixels: nothing is interpolated or invented."""
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
