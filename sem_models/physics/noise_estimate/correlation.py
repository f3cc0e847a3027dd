"""Variance and correlation lengths of noise that is correlated between pixels, from the flat patches of one image.

The autocovariance is averaged over the flattest patches, each less a plane. Slow structure of the specimen adds to all
lags alike, so it shows as a difference between the flattest patches and less flat ones: where they disagree, the
specimen cannot be told from the noise, and there is no result.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Plane = NDArray[np.float64]

_EDGE_PX = 32
_SMOOTH_PX = 4.0
"""Flatness is measured on scales at which correlated noise of a few pixels is averaged away."""
_SHARE = 0.1
_FEWEST = 8
_LAGS = 12
_AGREE = 0.15
"""Largest relative difference of the variance between the two groups of patches; the error that is allowed."""
_EXCESS = 1.3
"""Ratio to the spread that noise alone causes, above which the variances of patches differ because of the specimen;
three standard errors of a spread of 50 patches."""


@dataclass(frozen=True)
class Correlation:
    """How noise is correlated, and by how much the variance exceeds that of second differences."""

    inflation: float
    """True variance divided by the variance that is estimated as if the noise were white."""
    along_px: float
    """Lag along the scan line at which the autocorrelation, interpolated linearly, falls to 1/e; 0.63 if white."""
    across_px: float
    """The same across the scan lines."""


def correlation(image: Plane, white: Plane, banding: float) -> Correlation | None:
    """Measure the correlation of the noise of one image.

    Args:
        image: (H, W) in unit intensity.
        white: (H, W), the variance at the brightness of each pixel, estimated as if the noise were white.
        banding: Standard deviation of the offsets of scan lines, which do not count as noise.

    Returns:
        None if the specimen cannot be told from the noise, or if there are too few patches.
    """
    rows, columns = (size // _EDGE_PX for size in image.shape)
    slope = _cells(ndimage.gaussian_gradient_magnitude(image, _SMOOTH_PX), rows, columns).mean(axis=(1, 2))
    count = round(len(slope) * _SHARE)
    if count < _FEWEST:
        return None
    level = _cells(white, rows, columns).mean(axis=(1, 2), keepdims=True)
    patches = _without_plane(_cells(image, rows, columns)) / np.sqrt(level)
    offsets = banding**2 / level
    order = np.argsort(slope)
    groups = order[:count], order[count : 2 * count]
    flattest, next_flattest = (_covariances(patches[group], float(offsets[group].mean())) for group in groups)
    along, across = flattest
    if along[0] <= 0 or abs(next_flattest[0][0] / along[0] - 1) > _AGREE:
        return None
    if _spread(patches[order[:count]]) > _EXCESS * _expected_spread(along / along[0], across / along[0]):
        return None
    lengths = _length(along / along[0]), _length(across / along[0])
    return Correlation(float(along[0]), *lengths) if max(lengths) < _LAGS - 1 else None


def _cells(plane: Plane, rows: int, columns: int) -> Plane:
    used = plane[: rows * _EDGE_PX, : columns * _EDGE_PX]
    cells: Plane = used.reshape(rows, _EDGE_PX, columns, _EDGE_PX).swapaxes(1, 2).reshape(-1, _EDGE_PX, _EDGE_PX)
    return cells


def _without_plane(patches: Plane) -> Plane:
    row, column = np.mgrid[:_EDGE_PX, :_EDGE_PX] - (_EDGE_PX - 1) / 2
    plane, _ = np.linalg.qr(np.stack([np.ones(_EDGE_PX**2), row.ravel(), column.ravel()], axis=1))
    flat = patches.reshape(len(patches), -1)
    rest: Plane = (flat - flat @ plane @ plane.T).reshape(patches.shape)
    return rest


def _covariances(patches: Plane, offsets: float) -> tuple[Plane, Plane]:
    """Average the autocovariance at lags 0 to 11 along and across the lines, less that of the line offsets."""
    along = [(patches[:, :, lag:] * patches[:, :, : _EDGE_PX - lag]).mean() - offsets for lag in range(_LAGS)]
    across = [(patches[:, lag:] * patches[:, : _EDGE_PX - lag]).mean() for lag in range(_LAGS)]
    across[0] -= offsets
    return np.array(along), np.array(across)


def _spread(patches: Plane) -> float:
    """Compute the relative standard deviation of the variances of patches (N, E, E)."""
    variances = (patches**2).mean(axis=(1, 2))
    return float(variances.std() / variances.mean())


def _expected_spread(along: Plane, across: Plane) -> float:
    """Compute that of Gaussian noise with separable autocorrelations (L,): sqrt(2 sum rho^2 / n)."""
    total = float(np.prod([2 * (part**2).sum() - 1 for part in (along, across)]))
    return float(np.sqrt(2 * total)) / _EDGE_PX


def _length(autocorrelation: Plane) -> float:
    """Find where (L,) first falls to 1/e, by linear interpolation; L - 1 if it does not."""
    below = np.flatnonzero(autocorrelation < np.exp(-1))
    if not len(below):
        return float(len(autocorrelation) - 1)
    last = int(below[0])
    before, after = autocorrelation[last - 1], autocorrelation[last]
    return float(last - 1 + (before - np.exp(-1)) / (before - after))
