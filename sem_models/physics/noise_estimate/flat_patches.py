"""Mean and variance of the noise in flat areas by brightness, and the offsets of scan lines (banding)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sem_models.images.clipping import is_clipped

Plane = NDArray[np.float64]

_PATCH_PX = 8
WIDE_PATCH_PX = 16
"""Patches in which the correlation of neighbours is measured: removing a plane from smaller ones would hide it."""
_BINS = 16
_SMALLEST_BIN = 12
"""Smallest number of patches in a brightness bin."""
FLATTEST_OF_ONE = 0.3
_FLATTEST_OF_TWO = 0.7
"""Fractions of the patches of a bin that are taken to contain only noise: in a single image those without structure; in
a difference of frames all but those in which a sub-pixel shift leaves edges."""
_SECOND_DIFFERENCE = np.array([1.0, -2.0, 1.0])
_LAPLACIAN_INDEPENDENT = 0.265
_SMOOTH_PX = 2.0
_SLOW_PX = 16.0
_CLIPPED_SHARE = 0.02
"""Fraction of clipped pixels above which a bin is left out, unless that leaves no bin."""
_OUTLIER = 3.0
"""Number of standard deviations above which a difference between rows counts as an edge."""
_MAD_TO_DEVIATION = 1.4826
_VARIANCE_ERROR = 10.5
"""n times the squared relative error of a variance by the MAD: 4 x 1.36 for normal values (Rousseeuw and Croux, JASA
88, 1993), times 1.94 because second differences of white noise are correlated."""


@dataclass(frozen=True)
class Bins:
    """Brightness bins: mean and noise variance of the flat patches in each."""

    mean: tuple[float, ...]
    variance: tuple[float, ...]


def from_one_image(image: Plane) -> Bins:
    """Measure the noise of (H, W) from second differences along both axes, which remove planes and line offsets.

    For white noise the filter [1 -2 1]' [1 -2 1] multiplies the variance by 36 (Immerkaer, CVIU 64, 1996). Its output
    is correlated: n values count as 0.265 n independent ones.
    """
    across = ndimage.convolve1d(image, _SECOND_DIFFERENCE, axis=1, mode="mirror")
    residual = ndimage.convolve1d(across, _SECOND_DIFFERENCE, axis=0, mode="mirror") / 6
    return _bins(residual, image, image, _LAPLACIAN_INDEPENDENT, FLATTEST_OF_ONE)


def from_two_frames(first: Plane, second: Plane) -> Bins:
    """Measure the noise of two (H, W) frames: half the variance of their difference, without slow and line offsets."""
    return _bins(_fast_difference(first, second), (first + second) / 2, first, 1.0, _FLATTEST_OF_TWO)


def line_correlation(first: Plane, second: Plane) -> float:
    """Compute the correlation of the noise of neighbours along the scan line from two frames; 0 for white noise."""
    noise = _fast_difference(first, second)
    return float((noise[:, 1:] * noise[:, :-1]).mean() / (noise**2).mean())


def flat_correlation(image: Plane) -> tuple[float, float]:
    """Correlate neighbours along and across the scan lines in the flattest patches of (H, W), each less a plane.

    0 for white noise. Correlated noise and texture of the specimen both raise it; one image cannot distinguish them.
    """
    slopes = cells(ndimage.gaussian_gradient_magnitude(image, _SMOOTH_PX), WIDE_PATCH_PX).mean(axis=(1, 2))
    flat = np.argsort(slopes)[: max(round(len(slopes) * FLATTEST_OF_ONE), 1)]
    rest = without_plane(cells(image, WIDE_PATCH_PX)[flat])
    power = np.maximum((rest**2).mean(axis=(1, 2)), np.finfo(float).tiny)
    along = (rest[:, :, 1:] * rest[:, :, :-1]).mean(axis=(1, 2)) / power
    across = (rest[:, 1:] * rest[:, :-1]).mean(axis=(1, 2)) / power
    return float(np.median(along)), float(np.median(across))


def cells(plane: Plane, edge: int) -> Plane:
    """Cut (H, W) into (N, edge, edge) adjacent patches; what is left at the lower and right edge is dropped."""
    rows, columns = (size // edge for size in plane.shape)
    used = plane[: rows * edge, : columns * edge]
    patches: Plane = used.reshape(rows, edge, columns, edge).swapaxes(1, 2).reshape(-1, edge, edge)
    return patches


def without_plane(patches: Plane) -> Plane:
    """Subtract from each of (N, E, E) patches the plane that fits it best."""
    edge = patches.shape[1]
    row, column = np.mgrid[:edge, :edge] - (edge - 1) / 2
    plane, _ = np.linalg.qr(np.stack([np.ones(edge * edge), row.ravel(), column.ravel()], axis=1))
    flat = patches.reshape(len(patches), -1)
    rest: Plane = (flat - flat @ plane @ plane.T).reshape(patches.shape)
    return rest


def _fast_difference(first: Plane, second: Plane) -> Plane:
    difference = (first - second) / np.sqrt(2)
    difference -= ndimage.gaussian_filter(difference, _SLOW_PX)
    without_bands: Plane = difference - difference.mean(axis=1, keepdims=True)
    return without_bands


def _bins(residual: Plane, image: Plane, recorded: Plane, independent: float, flattest: float) -> Bins:
    """Compute the median variance of the flattest patches in brightness bins with equal numbers of patches.

    Flatness is measured by the gradient of the smoothed image, which shares hardly any frequencies with the residual.
    Selecting by the residual itself would favour patches whose noise happens to be small.
    """
    from scipy.stats import chi2  # SciPy's statistics take seconds to import

    mean, variance = _patches(image), _patches(residual**2)
    slope = _patches(ndimage.gaussian_gradient_magnitude(image, _SMOOTH_PX))
    clipped = _patches(is_clipped(recorded).astype(np.float64))
    typical = chi2.median(independent * _PATCH_PX**2) / (independent * _PATCH_PX**2)
    count = int(np.clip(len(mean) * flattest / _SMALLEST_BIN, 1, _BINS))
    bins = np.array_split(np.argsort(mean), count)
    # Whole bins are left out. Leaving out single patches would favour those whose noise happens not to be clipped.
    whole = [part for part in bins if clipped[part].mean() <= _CLIPPED_SHARE]
    parts = [_flattest(part, slope, flattest) for part in whole or bins]
    means = tuple(float(mean[part].mean()) for part in parts)
    return Bins(means, tuple(float(np.median(variance[part]) / typical) for part in parts))


def _flattest(patches: NDArray[np.intp], slope: Plane, share: float) -> NDArray[np.intp]:
    chosen: NDArray[np.intp] = patches[np.argsort(slope[patches])[: max(round(len(patches) * share), 1)]]
    return chosen


def _patches(plane: Plane, edge: int = _PATCH_PX) -> Plane:
    height, width = (size - size % edge for size in plane.shape)
    blocks = plane[:height, :width].reshape(height // edge, edge, width // edge, edge)
    means: Plane = blocks.mean(axis=(1, 3)).ravel()
    return means


def banding(image: Plane) -> float:
    """Estimate the standard deviation of the row offsets of (H, W).

    Each row is compared with its two neighbours; outliers (edges) are limited. Scanning causes no bands along the
    columns, so the same measure there is due to noise and structure and is subtracted. The result is 0 if less than two
    standard errors remain. Noise that is correlated only along the lines counts as banding.
    """
    rows, columns = (_line_variance(plane) for plane in (image, image.T))
    # Noise averages out over the length of a line, which is that of a row here and that of a column there.
    columns *= image.shape[0] / image.shape[1]
    excess = rows - columns
    error = np.sqrt(_VARIANCE_ERROR * (rows**2 / image.shape[0] + columns**2 / image.shape[1]))
    return float(np.sqrt(excess)) if excess > 2 * error else 0.0


def _line_variance(image: Plane) -> float:
    """Compute the variance of the offset of a row, including the noise averaged over its length."""
    change = image[:-2] - 2 * image[1:-1] + image[2:]
    deviation = _MAD_TO_DEVIATION * float(np.median(np.abs(change - np.median(change))))
    limit = _OUTLIER * max(deviation, 1e-12)
    per_row = np.clip(change, -limit, limit).mean(axis=1)
    return float((_MAD_TO_DEVIATION * np.median(np.abs(per_row))) ** 2) / 6
