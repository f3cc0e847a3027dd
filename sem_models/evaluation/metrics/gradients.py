"""Structure of an image by its first derivatives: how steep, and how much of the steepness at boundaries is kept."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, sobel

_SOBEL_SUM = 8
"""Weights of one side of the Sobel kernel times its base of 2 px: dividing by it gives intensity per pixel."""
_BOUNDARY_SHARE = 0.1
_BOUNDARY_SIGMA_PX = 1.0
_SMALLEST = 7


def gradient_error(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """Mean absolute difference of Sobel gradient magnitudes, in unit intensity per pixel; 0 is best.

    It compares steepness alone: turning every gradient changes nothing. Noise counts as steepness.

    Args:
        output: (H, W).
        target: The same shape; NaN is returned below 7 pixels.
        data_range: Intensity that is one unit.
    """
    if min(target.shape) < _SMALLEST:
        return float("nan")
    steepness = [np.hypot(*sobel_gradient(image)) for image in (output, target)]
    return float(np.abs(steepness[0] - steepness[1]).mean()) / data_range


def edge_retention(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:  # noqa: ARG001
    """Part of the target's steepness across its boundaries that the output has; 1 is best, above it is over-sharpened.

    The sum over the boundaries of g_output . g, divided by the sum of g_target . g, where g is the gradient of the
    target smoothed by a Gaussian of 1 px and the boundaries are the tenth of the pixels where g is steepest. Projected
    on g, an output's noise has either sign and cancels, so that it cannot fake retention as it does with magnitudes,
    and an edge of reversed contrast counts against. The weight g and its smoothing keep noise in the target from being
    taken for boundaries: a standard deviation of 2 % of an edge of 3 px changes the score by 2 %. NaN for a target
    without any edge and below 7 pixels.
    The ratio has no unit, so the data range does not matter.
    """
    if min(target.shape) < _SMALLEST:
        return float("nan")
    direction = sobel_gradient(gaussian_filter(target.astype(np.float64), _BOUNDARY_SIGMA_PX))
    steepness = np.hypot(*direction)
    boundary = steepness >= np.quantile(steepness, 1 - _BOUNDARY_SHARE)
    kept, whole = (float((sobel_gradient(image) * direction)[:, boundary].sum()) for image in (output, target))
    return kept / whole if whole > 0 else float("nan")


def sobel_gradient(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """(2, H - 2, W - 2) derivatives by row and by column; without the outermost pixels, which lack neighbours."""
    values = image.astype(np.float64)
    return np.stack([sobel(values, axis)[1:-1, 1:-1] / _SOBEL_SUM for axis in (0, 1)])
