"""The error of a restoration, estimated from a second noisy frame instead of the truth.

Let y1 = x + n1 and y2 = x + n2 with noise of mean zero that is independent between the frames, and f(y1) the
restoration. n2 is independent of f(y1) and of n1, so the mixed terms vanish:

    E (f(y1) - y2)^2 = E (f(y1) - x)^2 + v2         E (y2 - y1) (y2 - s) = v2

    MSE(f) = mean (f(y1) - y2)^2 - mean (y2 - y1) (y2 - s)

is unbiased (Lehtinen et al., ICML 2018, train on the first term), whatever the noise of either frame: the second may
be noisier or quieter than the first. For f(y1) = y1 it gives v1. s may be anything that does not depend on the noise of
the pixel; here it is the mean of both frames in a ring around it, so that the contrast of the specimen hardly adds to
the scatter.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

_WIDE_PX, _NEAR_PX = 9, 3


def two_frame_mse(output: NDArray[np.float32], first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Estimate the mean squared error of `output`, which was made from `first` alone; same shapes, unit intensity.

    Images are (H, W) or (C, H, W). The estimate scatters, for a good output of a smooth specimen by about
    sqrt(v2 (v1 + v2) / pixels), and may be negative. What comes from the frames is the same for every output, so it
    does not change which output is better. Drift between the frames and clipped noise violate the assumptions; noise
    that is correlated over more than 1 px *and* differs between the frames biases the estimate.
    """
    a, b, f = (image.astype(np.float64) for image in (first, second, output))
    return float(np.mean((f - b) ** 2) - np.mean((b - a) * (b - _around((a + b) / 2))))


def _around(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over a square of 9 px without the 3 x 3 px in its middle."""
    wide, near = (uniform_filter(image, size, axes=(-2, -1)) for size in (_WIDE_PX, _NEAR_PX))
    mean: NDArray[np.float64] = (_WIDE_PX**2 * wide - _NEAR_PX**2 * near) / (_WIDE_PX**2 - _NEAR_PX**2)
    return mean


def two_frame_psnr_db(
    output: NDArray[np.float32], first: NDArray[np.float32], second: NDArray[np.float32], data_range: float = 1.0
) -> float:
    """Return the estimate of `two_frame_mse` as a PSNR in dB; NaN if it is not above zero."""
    return psnr_of(two_frame_mse(output, first, second), data_range)


def psnr_of(mse: float, data_range: float = 1.0) -> float:
    """Return 10 log10(range^2 / MSE) in dB; NaN if the estimated MSE is not above zero."""
    return 10 * math.log10(data_range**2 / mse) if mse > 0 else float("nan")
