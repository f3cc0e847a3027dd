"""Images and label maps at another pixel size."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.transform import warp

from sem_models.images.micrograph import Pixels

_SIGMA = 0.5
"""Standard deviation, in new pixels, of the Gaussian before a reduction: it leaves 29 % of the amplitude at the new
Nyquist frequency and 0.7 % at twice of it, which would fold to the mean. scikit-image's own, (s - 1) / 2 old pixels for
a reduction s times, hardly filters where s is below 2."""
_SAME = 1e-3
"""Sizes that differ by less than one in a thousand are one size: rounding in the files, not another magnification."""
_NEAREST, _LINEAR, _CUBIC = 0, 1, 3


def resampled_size(height: int, width: int, factor: float) -> tuple[int, int]:
    """Rows and columns after scaling by `factor`, rounded; the field stays the same to half a new pixel."""
    if abs(factor - 1) < _SAME:
        return height, width
    return max(1, round(height * factor)), max(1, round(width * factor))


def resample(pixels: Pixels, factor: float) -> Pixels:
    """Scale (H, W, C) grey values of any type by `factor` (new pixels per old one), in their own type.

    Reductions are filtered first so that nothing folds back, enlargements are cubic: smooth, and without new detail.
    Overshoot of integers is clipped to the range of the type.
    """
    size = resampled_size(pixels.shape[0], pixels.shape[1], factor)
    if size == pixels.shape[:2]:
        return pixels
    scaled = _scaled(pixels.astype(np.float64), size, factor, _LINEAR if factor < 1 else _CUBIC)
    if pixels.dtype.kind not in "iu":
        return scaled.astype(pixels.dtype)
    limits = np.iinfo(pixels.dtype)
    return np.clip(np.rint(scaled), limits.min, limits.max).astype(pixels.dtype)


def resample_labels(labels: Pixels, factor: float) -> Pixels:
    """Scale an (H, W, 1) label map; every new pixel has one of the old labels.

    Reductions take the label that covers most of a new pixel, weighted as `resample` weighs grey values, so that image
    and labels stay on one another; of equal covers the lower label wins. Enlargements repeat the nearest label.
    """
    size = resampled_size(labels.shape[0], labels.shape[1], factor)
    if size == labels.shape[:2]:
        return labels
    if factor > 1:
        return _scaled(labels.astype(np.float64), size, factor, _NEAREST).astype(labels.dtype)
    out = np.zeros((*size, 1), labels.dtype)
    best = np.zeros((*size, 1))
    for label in np.unique(labels):
        cover = _scaled((labels == label).astype(np.float64), size, factor, _LINEAR)
        out[cover > best] = label
        best = np.maximum(best, cover)
    return out


def _scaled(values: NDArray[np.float64], size: tuple[int, int], factor: float, order: int) -> NDArray[np.float64]:
    """Sampled at the centres of new pixels, exactly `factor` apart: a rounded size would change the pixel size."""
    if factor < 1:
        values = gaussian_filter(values, _SIGMA / factor, axes=(0, 1), mode="reflect")
    offset = 0.5 / factor - 0.5
    to_old = np.array([[1 / factor, 0, offset], [0, 1 / factor, offset], [0, 0, 1]])
    scaled: NDArray[np.float64] = warp(values, to_old, output_shape=size, order=order, mode="symmetric", clip=False)
    return scaled
