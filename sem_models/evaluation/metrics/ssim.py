"""SSIM (Wang et al., IEEE Trans. Image Process. 13, 2004), with a uniform and with a Gaussian window."""

import numpy as np
from numpy.typing import NDArray

from sem_models.images.intensity import UnitImage

_WINDOW = 7
_STRIP = 64
"""Rows computed at once, so that all intermediate images of a strip stay in the cache of the processor."""
_GAUSSIAN_WINDOW, _GAUSSIAN_SIGMA = 11, 1.5


def ssim(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """Compute SSIM as scikit-image does by default: a uniform 7 x 7 window, sample covariances, no edges.

    The window is summed up row by row and column by column, in 32 bit. A common offset is subtracted first, so that
    variances do not vanish in rounding: the mean is within 1e-6 of scikit-image's in 64 bit.

    Args:
        output: (H, W).
        target: The same shape; NaN is returned below 7 pixels.
        data_range: Value of white.
    """
    rows, columns = target.shape
    if min(rows, columns) < _WINDOW:
        return float("nan")
    offset = float(target.mean())
    kept = rows - _WINDOW + 1
    total = 0.0
    for first in range(0, kept, _STRIP):
        strip = slice(first, min(first + _STRIP, kept) + _WINDOW - 1)
        x, y = (image[strip].astype(np.float32) - np.float32(offset) for image in (output, target))
        total += float(_similarity(x, y, offset, data_range).sum(dtype=np.float64))
    return total / float(kept * (columns - _WINDOW + 1))


def _similarity(
    x: NDArray[np.float32], y: NDArray[np.float32], offset: float, data_range: float
) -> NDArray[np.float32]:
    """Return the map of SSIM of two images from which an offset was subtracted, without a border of three pixels."""
    mean_x, mean_y = _box_mean(x), _box_mean(y)
    unbiased = _WINDOW**2 / (_WINDOW**2 - 1)
    # In this order of sums, two identical images have a similarity of exactly 1.
    spread = unbiased * ((_box_mean(x * x) - mean_x * mean_x) + (_box_mean(y * y) - mean_y * mean_y))
    shared = unbiased * (_box_mean(x * y) - mean_x * mean_y)
    mean_x += np.float32(offset)
    mean_y += np.float32(offset)
    light, contrast = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    above = (2 * mean_x * mean_y + light) * (2 * shared + contrast)
    below = (mean_x * mean_x + mean_y * mean_y + light) * (spread + contrast)
    return np.asarray(above / below, np.float32)


def _box_mean(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over each window that lies inside the image."""
    kept = [size - _WINDOW + 1 for size in image.shape]
    rows = image[: kept[0]].copy()
    for shift in range(1, _WINDOW):
        rows += image[shift : shift + kept[0]]
    sums = rows[:, : kept[1]].copy()
    for shift in range(1, _WINDOW):
        sums += rows[:, shift : shift + kept[1]]
    sums /= np.float32(_WINDOW**2)
    return sums


def ssim_gaussian(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """Compute SSIM as in Wang et al. (2004) and most papers; NaN below 11 pixels.

    The window is a Gaussian with sigma 1.5 px, cut off at 11 x 11, and the variances are not corrected for its size.
    """
    if min(target.shape) < _GAUSSIAN_WINDOW:
        return float("nan")
    from skimage.metrics import structural_similarity

    weighted = {"gaussian_weights": True, "sigma": _GAUSSIAN_SIGMA, "use_sample_covariance": False}
    return float(structural_similarity(target, output, data_range=data_range, **weighted))
