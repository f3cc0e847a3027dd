"""Judging a denoised image without a clean one: by what was removed, and by a second noisy frame.

The residual r = y - f of a noisy input y and an output f should be the noise and nothing else: uncorrelated between
pixels if the noise is, and without the edges of the specimen. A residual that passes is no proof: signal that looks
like noise passes too. Correlated noise (scan lines, charging) leaves a correlated residual, however good the output.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import uniform_filter
from skimage.filters import sobel

from sem_models.evaluation.metrics.frequency import frc_mean
from sem_models.evaluation.metrics.two_frames import two_frame_psnr_db
from sem_models.images.intensity import UnitImage

REACH_PX = 5
_LEVEL = 0.01
_CLASSES = 16
_LEAST_VARIANCE = 0.01
_NAN = float("nan")


class Whiteness(NamedTuple):
    """The largest autocorrelation of a residual, and the limit that white noise stays below."""

    largest: float
    limit: float


@dataclass(frozen=True)
class Measure:
    """Heading and unit of a measure in tables; measures without a unit are correlations from 0 to 1."""

    heading: str
    unit: str = ""


MEASURES: dict[str, Measure] = {
    "noise_std": Measure("Removed, standard deviation", "of the range"),
    "residual_whiteness": Measure("Residual autocorrelation, largest within 5 px"),
    "residual_white_limit": Measure("  white noise stays below, 99 %"),
    "residual_row_correlation": Measure("Residual, neighbours on a scan line"),
    "residual_structure": Measure("Residual against edges of the output"),
    "frc_second_output": Measure("FRC mean, output and second frame"),
    "frc_second_input": Measure("FRC mean, both frames"),
    "two_frame_psnr_db": Measure("PSNR of the output, estimated", "dB"),
    "two_frame_input_psnr_db": Measure("PSNR of the input, estimated", "dB"),
}


def residual_whiteness(residual: UnitImage) -> Whiteness:
    """Compute the largest absolute normalised autocorrelation of (H, W) at lags up to 5 px, without lag 0.

    White noise exceeds the limit at any of the 60 lags in 1 % of images (Bonferroni). For noise of uniform variance it
    is 3.77 / sqrt(pixels); shot noise is stronger in bright areas, for which the correlation of squares accounts
    (White, Econometrica 1980). NaN for a flat residual.
    """
    from scipy.stats import norm  # SciPy's statistics take seconds to import

    centred = residual.astype(np.float64) - residual.mean(dtype=np.float64)
    if not np.ptp(residual):
        return Whiteness(_NAN, _NAN)
    lags, spread = _autocorrelation(centred), np.sqrt(_autocorrelation(centred**2))
    power = float(np.sum(centred**2))
    quantile = norm.isf(_LEVEL / (2 * lags.size))
    return Whiteness(float(np.abs(lags).max()) / power, float(quantile * spread.max()) / power)


def residual_row_correlation(residual: UnitImage) -> float:
    """Compute the Pearson correlation of neighbours on a scan line of (H, W), from -1 to 1; NaN if flat."""
    return _pearson(residual[:, :-1], residual[:, 1:])


def residual_structure(residual: UnitImage, output: UnitImage) -> float:
    """Compute the absolute Pearson correlation of edges in `output` with their traces in the residual; 0 is best.

    What a restoration removes from an edge has one sign on each side of it, so it survives a mean over 3 x 3 px, while
    most noise does not. The absolute value of that mean is correlated with the Sobel gradient magnitude of the output;
    both images are (H, W). NaN if either is flat.
    """
    left = np.abs(uniform_filter(residual.astype(np.float64), 3))
    return abs(_pearson(left, sobel(output.astype(np.float64))))


def variance_stabilised(residual: UnitImage, output: UnitImage) -> UnitImage:
    """Divide a residual (H, W) by the standard deviation that it has at the brightness of the output.

    Shot noise is stronger in bright areas, which would dominate every correlation: a filter that spoils the dark ones
    would look better than it is. The variance is measured in 16 brightness classes of equally many pixels and
    interpolated in between, at no less than 1 % of its median. A flat residual or output is returned as it is.
    """
    brightness = output.astype(np.float64)
    if not (np.ptp(residual) and np.ptp(output)):
        return residual
    classes = np.array_split(np.argsort(brightness, axis=None), _CLASSES)
    values, left = brightness.ravel(), (residual.astype(np.float64) - residual.mean(dtype=np.float64)).ravel()
    means = np.array([values[part].mean() for part in classes])
    variances = np.array([np.mean(left[part] ** 2) for part in classes])
    variances = np.maximum(variances, _LEAST_VARIANCE * np.median(variances))
    stable: UnitImage = (residual / np.sqrt(np.interp(brightness, means, variances))).astype(np.float32)
    return stable


def score_residual(first: UnitImage, output: UnitImage) -> dict[str, float]:
    """Measure the residual of (H, W) images in unit intensity, by names in `MEASURES`; NaN where undefined.

    Correlations are those of the residual with its variance stabilised.
    """
    residual = first - output
    stable = variance_stabilised(residual, output)
    largest, limit = residual_whiteness(stable)
    return {
        "noise_std": float(residual.std(dtype=np.float64)),
        "residual_whiteness": largest,
        "residual_white_limit": limit,
        "residual_row_correlation": residual_row_correlation(stable),
        "residual_structure": residual_structure(stable, output),
    }


def score_second_frame(first: UnitImage, second: UnitImage, output: UnitImage) -> dict[str, float]:
    """Compare with a second frame of the field, (H, W) in the intensity scale of the first, by names in `MEASURES`.

    The output does not contain its noise, so agreement is signal: the output should correlate with it more than the
    first frame does. Ring correlations are NaN below 16 px, PSNRs if the estimated error is not above zero.
    """
    return {
        "frc_second_output": frc_mean(output, second, 1.0),
        "frc_second_input": frc_mean(first, second, 1.0),
        "two_frame_psnr_db": two_frame_psnr_db(output, first, second),
        "two_frame_input_psnr_db": two_frame_psnr_db(first, first, second),
    }


def _autocorrelation(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of products at the 60 lags of a half-plane within 5 px; the other half mirrors them."""
    shape = [next_fast_len(size + REACH_PX, real=True) for size in image.shape]
    sums = irfft2(np.abs(rfft2(image, shape)) ** 2, shape)
    below = [sums[row, column] for row in range(1, REACH_PX + 1) for column in range(-REACH_PX, REACH_PX + 1)]
    return np.array([*below, *sums[0, 1 : REACH_PX + 1]])


def _pearson(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    x, y = (part.astype(np.float64).ravel() - part.mean(dtype=np.float64) for part in (a, b))
    scale = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / scale if scale else _NAN
