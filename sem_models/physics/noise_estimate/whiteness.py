"""Whether the noise of one image is white, from its highest frequencies, which hold the least of the specimen.

Correlation over several pixels beside white noise does not show there; `flat_correlation` looks for that.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sem_models.physics.noise_estimate.flat_patches import FLATTEST_OF_ONE, WIDE_PATCH_PX, Plane, cells

_SMOOTH_PX = 2.0
_SECOND, _FOURTH = np.array([1.0, -2.0, 1.0]), np.array([1.0, -4.0, 6.0, -4.0, 1.0])
_TOLERANCE = 0.035
"""Neighbours that are equally correlated along one or both axes and lower the ratio to 0.965 lower the variance that
is estimated from second differences by 15 %."""


@dataclass(frozen=True)
class HighFrequencies:
    """Variance of fourth differences over that of second differences, each divided by its gain for white noise."""

    ratio: float
    """1 for white noise. Smoothed noise and fine structure lower it."""
    standard_error: float

    @property
    def are_white(self) -> bool:
        """Whether a ratio so low that it matters can be excluded."""
        return self.ratio - 2 * self.standard_error > 1 - _TOLERANCE


def high_frequencies(image: Plane) -> HighFrequencies:
    """Measure the flattest patches of (H, W), chosen on a scale that shares hardly any frequencies with differences."""
    slopes = cells(_inner(ndimage.gaussian_gradient_magnitude(image, _SMOOTH_PX)), WIDE_PATCH_PX).mean(axis=(1, 2))
    flat = np.argsort(slopes)[: max(round(len(slopes) * FLATTEST_OF_ONE), 2)]
    second, fourth = (_variances(image, kernel)[flat] for kernel in (_SECOND, _FOURTH))
    mean = max(float(second.mean()), np.finfo(float).tiny)
    ratio = float(fourth.mean()) / mean
    return HighFrequencies(ratio, float((fourth - ratio * second).std() / mean / np.sqrt(len(flat))))


def _variances(image: Plane, kernel: Plane) -> Plane:
    """Compute the mean squared difference along both axes in each patch, in units of the variance of white noise."""
    differences = _inner(ndimage.convolve1d(ndimage.convolve1d(image, kernel, axis=1), kernel, axis=0))
    variances: Plane = (cells(differences, WIDE_PATCH_PX) ** 2).mean(axis=(1, 2)) / (kernel**2).sum() ** 2
    return variances


def _inner(plane: Plane) -> Plane:
    """Drop the pixels whose fourth differences would reach over the edge."""
    return plane[2:-2, 2:-2]
