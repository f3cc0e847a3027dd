"""Structure of an image by its gradients: errors of their magnitude, and how much of them is kept at boundaries."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, sobel

_SOBEL_SUM = 8
"""Sum of weights on one side of the Sobel kernel times its base of 2 px; dividing by it gives intensity per pixel."""
_BOUNDARY_SHARE = 0.1
_BOUNDARY_SIGMA_PX = 1.0
_SMALLEST = 7


def gradient_error(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """Compute the mean absolute difference of Sobel gradient magnitudes, in unit intensity per pixel; 0 is best.

    Only magnitudes are compared, not directions. Noise adds to the magnitude.

    Args:
        output: (H, W).
        target: The same shape; NaN is returned below 7 pixels.
        data_range: Value of white.
    """
    if min(target.shape) < _SMALLEST:
        return float("nan")
    steepness = [np.hypot(*sobel_gradient(image)) for image in (output, target)]
    return float(np.abs(steepness[0] - steepness[1]).mean()) / data_range


def edge_retention(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:  # noqa: ARG001
    """Compute the fraction of the target's gradient across boundaries that the output has; 1 is best, above over-sharp.

    This is the sum over the boundaries of g_output . g, divided by the sum of g_target . g, where g is the gradient of
    the target smoothed by a Gaussian of 1 px and the boundaries are the tenth of all pixels where |g| is largest.
    Projected on g, noise of the output has either sign and cancels, so that it cannot pass for retention as it would
    with magnitudes, and an edge of reversed contrast counts negative. Weighting by the smoothed g keeps noise in the
    target from counting as boundaries: a standard deviation of 2 % of an edge 3 px wide changes the score by 2 %.
    NaN for a target without edges and below 7 pixels. The ratio does not depend on the data range.
    """
    if min(target.shape) < _SMALLEST:
        return float("nan")
    direction = sobel_gradient(gaussian_filter(target.astype(np.float64), _BOUNDARY_SIGMA_PX))
    steepness = np.hypot(*direction)
    boundary = steepness >= np.quantile(steepness, 1 - _BOUNDARY_SHARE)
    kept, whole = (float((sobel_gradient(image) * direction)[:, boundary].sum()) for image in (output, target))
    return kept / whole if whole > 0 else float("nan")


def sobel_gradient(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return derivatives by row and column, (2, H - 2, W - 2), without the outermost pixels, which lack neighbours."""
    values = image.astype(np.float64)
    return np.stack([sobel(values, axis)[1:-1, 1:-1] / _SOBEL_SUM for axis in (0, 1)])
