"""Texture of a generated micrograph compared with the real one: contrast, gradients, spectrum and grey levels.

None of these scores depends on positions: an output can have the right texture in the wrong place. Read them beside
PSNR, which favours a grey blur if the input does not determine the output.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sem_models.evaluation.metrics.frequency import DB_PER_DECADE, Rings, radial_power_db
from sem_models.evaluation.metrics.gradients import sobel_gradient
from sem_models.images.intensity import UnitImage

SLOPE_BAND = (1 / 32, 0.4)
"""Cycles per pixel between which the slope is fitted: below, the image holds too few periods; above are the corners
of the square spectrum and the traces of interpolation."""
_SMALLEST_FOR_SLOPE = 64
_SMALLEST_FOR_GRADIENT = 3
_PERCENTILES = (1, 99)


@dataclass(frozen=True)
class Texture:
    """Texture measures of one image, independent of where things are."""

    std: float
    """Standard deviation in units of the data range."""
    gradient_energy: float
    """Mean squared Sobel gradient in squared units of the data range per px^2."""
    slope: float
    """Exponent of the power spectrum: 0 for white noise, -2 if power falls with the square of the frequency."""
    p1: float
    """1st percentile in units of the data range."""
    p99: float
    """99th percentile in units of the data range."""


def texture(image: UnitImage, data_range: float) -> Texture:
    """Compute all measures of one (H, W) image; those that it is too small for are NaN."""
    values = image / data_range
    lo, hi = np.percentile(values, _PERCENTILES)
    return Texture(float(values.std()), _gradient_energy(values), spectrum_slope(values, 1.0), float(lo), float(hi))


def spectrum_slope(image: UnitImage, data_range: float) -> float:
    """Fit the slope of log power over log frequency between 1/32 and 0.4 cycles per pixel.

    A line is fitted by least squares to the radially averaged power under a Hann window. Rings are weighted by the
    inverse of their frequency, so that every octave counts the same. Power is raised to at least that of rounding to
    256 grey levels, so a flat image has slope 0.

    Args:
        image: (H, W); NaN is returned below 64 pixels.
        data_range: Value of white.
    """
    if min(image.shape) < _SMALLEST_FOR_SLOPE:
        return float("nan")
    rings = Rings((image.shape[0], image.shape[1]))
    inside = (rings.frequencies >= SLOPE_BAND[0]) & (rings.frequencies <= SLOPE_BAND[1])
    frequency = rings.frequencies[inside]
    power = radial_power_db(image / data_range, rings)[inside] / DB_PER_DECADE
    # polyfit applies weights to the residuals, not to their squares.
    return float(np.polyfit(np.log10(frequency), power, 1, w=frequency**-0.5)[0])


def histogram_distance(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """Compute the Wasserstein-1 distance of the grey levels as a fraction of the data range; 0 is best.

    It is the mean shift of grey level that turns one histogram into the other, 1 for black against white. The images,
    (H, W), may differ in size.
    """
    from scipy.stats import wasserstein_distance  # SciPy's statistics take seconds to import

    return float(wasserstein_distance(output.ravel() / data_range, target.ravel() / data_range))


def std_ratio(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """Compute the standard deviation of output over target: 1 is best, 0 is a flat output; NaN for a flat target."""
    return _ratio(float(np.std(output / data_range)), float(np.std(target / data_range)))


def grey_range_ratio(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """Compute the 1-99 % grey range of output over target: 1 is best; NaN if that of the target is zero."""
    spans = [float(np.ptp(np.percentile(image / data_range, _PERCENTILES))) for image in (output, target)]
    return _ratio(*spans)


def gradient_energy_ratio(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """Compute the gradient energy of output over target: 1 is best, less is too smooth, more noisy or over-sharp."""
    return _ratio(*(_gradient_energy(image / data_range) for image in (output, target)))


def slope_difference(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """Compute the spectrum slope of output minus target: 0 is best, negative lacks detail, positive has too much."""
    return spectrum_slope(output, data_range) - spectrum_slope(target, data_range)


TEXTURE_SCORES: dict[str, Callable[[UnitImage, UnitImage, float], float]] = {
    "std_ratio": std_ratio,
    "gradient_energy_ratio": gradient_energy_ratio,
    "slope_difference": slope_difference,
    "grey_range_ratio": grey_range_ratio,
    "histogram_distance": histogram_distance,
}
"""Functions of output, target and data range, by their names in `METRICS`."""


def _gradient_energy(values: NDArray[np.floating]) -> float:
    if min(values.shape) < _SMALLEST_FOR_GRADIENT:
        return float("nan")
    return float((sobel_gradient(values) ** 2).sum(axis=0).mean())


def _ratio(output: float, target: float) -> float:
    return output / target if target > 0 else float("nan")
