"""Refocusing judged apart where the image was blurred and where it was sharp.

A network that sharpens everything gains where the image was blurred and spoils the rest; one number for the whole image
hides that. The blur map is that of the simulation: 0 where the image is as sharp as its truth, 1 where it is blurred.
"""

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from sem_models.evaluation.metrics.table import psnr_db
from sem_models.images.intensity import UnitImage

BLURRED, SHARP = 0.5, 0.02
"""A pixel counts as blurred from the one value of the map on, as sharp up to the other; between them it is neither."""
_WINDOW_PX = 12.0
_FEWEST_PIXELS = 1000
_LEAST = 1e-3
"""In unit intensity: without it the response of a featureless area would be noise over noise."""


def response_map(given: UnitImage, output: UnitImage) -> UnitImage:
    """How much an output differs from its input, relative to the local contrast of the output; (H, W), 0 and up.

    Root mean square of the difference over that of the output's deviation from its local mean, both in a Gaussian
    window of sigma 12 px: without the division dark and flat areas would seem untouched however blurred they were.
    """
    change = gaussian_filter((output - given) ** 2, _WINDOW_PX)
    contrast = gaussian_filter((output - gaussian_filter(output, _WINDOW_PX)) ** 2, _WINDOW_PX)
    response: UnitImage = np.sqrt(change / (contrast + _LEAST**2)).astype(np.float32)
    return response


def response_auc(given: UnitImage, output: UnitImage, blur: UnitImage) -> float:
    """Area under the ROC curve of the response map as a detector of blur (Mann-Whitney); 0.5 is chance, 1 perfect.

    Pixels that are neither blurred nor sharp are left out. NaN where one of the two regions is missing.
    """
    blurred, sharp = blur >= BLURRED, blur <= SHARP
    n, m = int(blurred.sum()), int(sharp.sum())
    if min(n, m) < _FEWEST_PIXELS:
        return float("nan")
    response = response_map(given, output)
    ranks = rankdata(np.concatenate([response[blurred], response[sharp]]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def blur_gain_db(given: UnitImage, output: UnitImage, target: UnitImage, blur: UnitImage, data_range: float) -> float:
    """PSNR of the output minus PSNR of the input against the truth, in dB, over the blurred pixels only."""
    inside = blur >= BLURRED
    if int(inside.sum()) < _FEWEST_PIXELS:
        return float("nan")
    return psnr_db(output[inside], target[inside], data_range) - psnr_db(given[inside], target[inside], data_range)


def sharp_identity_db(given: UnitImage, output: UnitImage, blur: UnitImage, data_range: float) -> float:
    """PSNR of the output against its own INPUT, in dB, over the sharp pixels: what was in focus must stay as it is."""
    inside = blur <= SHARP
    if int(inside.sum()) < _FEWEST_PIXELS:
        return float("nan")
    return psnr_db(output[inside], given[inside], data_range)
