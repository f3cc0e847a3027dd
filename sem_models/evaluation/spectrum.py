"""Distance of power spectra: whether an image has the right amount of detail at every scale, wherever it lies."""

import numpy as np
from numpy.typing import NDArray

from sem_models.evaluation.rings import SMALLEST, Rings, windowed_spectrum

_ROUNDING = 1 / 255
DB_PER_DECADE = 10


def spectrum_distance_db(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """Root mean square over frequencies of the difference of radial power spectra in dB; 0 is best.

    Every ring up to half a cycle per pixel counts the same. It knows nothing of position: pair it with a score that
    does. Scaling the contrast by a gives |20 log10 a| dB.

    Args:
        output: (H, W).
        target: The same shape; NaN is returned below 16 pixels.
        data_range: Value of white. Power below that of rounding to 256 grey levels counts as that much, or the
            emptiness of enlarged images would drown all else.
    """
    if min(target.shape) < SMALLEST:
        return float("nan")
    rings = Rings(target.shape)
    decibels = [radial_power_db(image / data_range, rings) for image in (output, target)]
    return float(np.sqrt(np.mean((decibels[0] - decibels[1]) ** 2)))


def radial_power_db(image: NDArray[np.float32], rings: Rings) -> NDArray[np.float64]:
    """10 log10 of the mean power in each ring, per pixel of the image: white noise of variance v is at 10 log10 v."""
    power = rings.sum(np.abs(windowed_spectrum(image)) ** 2) / rings.counts / image.size
    return DB_PER_DECADE * np.log10(np.maximum(power, _ROUNDING**2 / 12))
