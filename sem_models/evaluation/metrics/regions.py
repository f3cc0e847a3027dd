"""Scores of refocusing, separately for blurred and sharp regions.

A network that sharpens everything improves blurred regions and damages the others; a score of the whole image hides
that. The blur map is that of the simulation: 0 where the image is as sharp as its truth, 1 where it is blurred.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from sem_models.evaluation.metrics.table import psnr_db
from sem_models.images.intensity import UnitImage

BLURRED, SHARP = 0.5, 0.02
"""A pixel is blurred if the map is at least the first value, sharp if it is at most the second, else neither."""
_WINDOW_PX = 12.0
_FEWEST_PIXELS = 1000
_LEAST = 1e-3
"""In unit intensity; without it the response in a featureless area would be noise divided by noise."""


def response_map(given: UnitImage, output: UnitImage) -> UnitImage:
    """Measure how much an output differs from its input, relative to the local grey-level contrast; (H, W), from 0.

    This is the root mean square difference divided by that of the output from its local mean, both in a Gaussian window
    of sigma 12 px. Without the division, dark and flat areas would seem unchanged however blurred they were.
    """
    change = gaussian_filter((output - given) ** 2, _WINDOW_PX)
    contrast = gaussian_filter((output - gaussian_filter(output, _WINDOW_PX)) ** 2, _WINDOW_PX)
    response: UnitImage = np.sqrt(change / (contrast + _LEAST**2)).astype(np.float32)
    return response


def response_auc(given: UnitImage, output: UnitImage, blur: UnitImage) -> float:
    """Compute the area under the ROC curve of the response map as a detector of blur; 0.5 is chance, 1 perfect.

    Pixels that are neither blurred nor sharp are ignored. NaN if a region has fewer than 1000 pixels.
    """
    from scipy.stats import rankdata  # SciPy's statistics take seconds to import

    blurred, sharp = blur >= BLURRED, blur <= SHARP
    n, m = int(blurred.sum()), int(sharp.sum())
    if min(n, m) < _FEWEST_PIXELS:
        return float("nan")
    response = response_map(given, output)
    ranks = rankdata(np.concatenate([response[blurred], response[sharp]]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def blur_gain_db(given: UnitImage, output: UnitImage, target: UnitImage, blur: UnitImage, data_range: float) -> float:
    """Compute PSNR of the output minus PSNR of the input, both against the truth, in dB, over the blurred pixels."""
    inside = blur >= BLURRED
    if int(inside.sum()) < _FEWEST_PIXELS:
        return float("nan")
    return psnr_db(output[inside], target[inside], data_range) - psnr_db(given[inside], target[inside], data_range)


def sharp_identity_db(given: UnitImage, output: UnitImage, blur: UnitImage, data_range: float) -> float:
    """Compute the PSNR of the output against its input, in dB, over the sharp pixels, which should not change."""
    inside = blur <= SHARP
    if int(inside.sum()) < _FEWEST_PIXELS:
        return float("nan")
    return psnr_db(output[inside], given[inside], data_range)
