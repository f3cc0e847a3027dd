"""Resampling of images and label maps to another pixel size."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.transform import warp

from sem_models.images.micrograph import Pixels

_SIGMA = 0.5
"""Standard deviation, in new pixels, of the Gaussian filter before a reduction. It passes 29 % of the amplitude at the
new Nyquist frequency, and 0.7 % at twice that frequency, which would alias to the mean. The default of scikit-image,
(s - 1) / 2 old pixels for a reduction by s, hardly filters if s is below 2."""
_SAME = 1e-3
"""Relative difference below which two pixel sizes count as equal: rounding in the files, not another magnification."""
_NEAREST, _LINEAR, _CUBIC = 0, 1, 3


def resampled_size(height: int, width: int, factor: float) -> tuple[int, int]:
    """Return rows and columns after scaling by `factor`, rounded. The field changes by half a new pixel at most."""
    if abs(factor - 1) < _SAME:
        return height, width
    return max(1, round(height * factor)), max(1, round(width * factor))


def resample(pixels: Pixels, factor: float) -> Pixels:
    """Resample (H, W, C) grey values by `factor` (new pixels per old pixel). The data type is kept.

    Reductions are low-pass filtered first to avoid aliasing; enlargements are cubic, which is smooth and adds no
    detail. Overshoot of integer types is clipped to their range.
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
    """Resample an (H, W, 1) label map by `factor` (new pixels per old pixel). No new labels arise.

    A reduction takes the label that covers most of the new pixel, with the same weights as `resample` so that image and
    labels stay aligned; if two cover the same area, the lower label wins. An enlargement repeats the nearest label.
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
    """Sample at the centres of the new pixels, spaced by `factor` itself, because the rounded size would alter it."""
    if factor < 1:
        values = gaussian_filter(values, _SIGMA / factor, axes=(0, 1), mode="reflect")
    offset = 0.5 / factor - 0.5
    to_old = np.array([[1 / factor, 0, offset], [0, 1 / factor, offset], [0, 0, 1]])
    scaled: NDArray[np.float64] = warp(values, to_old, output_shape=size, order=order, mode="symmetric", clip=False)
    return scaled
