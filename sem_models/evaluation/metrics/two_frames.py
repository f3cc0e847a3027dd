"""The error of a restoration, estimated from a second noisy frame instead of the truth.

Let y1 = x + n1 and y2 = x + n2 with noise of mean zero, independent between the frames and of one variance v, and
f(y1) the restoration. n2 is independent of f(y1), so the mixed term vanishes:

    E (f(y1) - y2)^2 = E (f(y1) - x)^2 + v          E (y1 - y2)^2 = 2 v

    MSE(f) = mean (f(y1) - y2)^2 - mean (y1 - y2)^2 / 2

is unbiased (Lehtinen et al., ICML 2018, train on the first term). For f(y1) = y1 it gives v, the noise itself.
"""

import math

import numpy as np
from numpy.typing import NDArray


def two_frame_mse(output: NDArray[np.float32], first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Estimate the mean squared error of `output`, which was made from `first` alone; same shapes, unit intensity.

    The estimate scatters, for a good output by about v times the square root of 2 over the number of pixels, and may
    be negative. Drift between the frames and clipped noise violate its assumptions.
    """
    to_second, between = (np.mean((image.astype(np.float64) - second) ** 2) for image in (output, first))
    return float(to_second - between / 2)


def two_frame_psnr_db(
    output: NDArray[np.float32], first: NDArray[np.float32], second: NDArray[np.float32], data_range: float = 1.0
) -> float:
    """Return the estimate of `two_frame_mse` as a PSNR in dB; NaN if it is not above zero."""
    return psnr_of(two_frame_mse(output, first, second), data_range)


def psnr_of(mse: float, data_range: float = 1.0) -> float:
    """Return 10 log10(range^2 / MSE) in dB; NaN if the estimated MSE is not above zero."""
    return 10 * math.log10(data_range**2 / mse) if mse > 0 else float("nan")
