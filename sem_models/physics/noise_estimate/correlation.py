"""Variance and correlation lengths of noise that is correlated between pixels, from the flat patches of one image.

The autocovariance is averaged over the flattest patches, each less a plane. Noise of one kind has nearly the same
variance in all of them. If their variances differ more than such noise allows, the specimen cannot be told from the
noise, and there is no result. A fine texture that is equally strong everywhere counts as noise.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sem_models.physics.noise_estimate.flat_patches import Plane, cells, without_plane

_EDGE_PX = 32
_SMOOTH_PX = 4.0
"""Flatness is measured on scales at which correlated noise of a few pixels is averaged away."""
_SHARE = 0.1
_FEWEST = 8
_LAGS = 12
_NONE = 0.05
"""Autocorrelation below which lags count as uncorrelated."""
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
    along: tuple[float, ...]
    """Autocorrelation along the scan line at lags of 0, 1, ... px, up to the last one of at least 0.05."""


def correlation(image: Plane, white: Plane, banding: float) -> Correlation | None:
    """Measure the correlation of the noise of one image.

    Args:
        image: (H, W) in unit intensity.
        white: (H, W), the variance at the brightness of each pixel, estimated as if the noise were white.
        banding: Standard deviation of the offsets of scan lines, which do not count as noise.

    Returns:
        None if the specimen cannot be told from the noise, or if there are too few patches.
    """
    slope = cells(ndimage.gaussian_gradient_magnitude(image, _SMOOTH_PX), _EDGE_PX).mean(axis=(1, 2))
    count = round(len(slope) * _SHARE)
    if count < _FEWEST:
        return None
    level = cells(white, _EDGE_PX).mean(axis=(1, 2), keepdims=True)
    patches = without_plane(cells(image, _EDGE_PX)) / np.sqrt(level)
    offsets = banding**2 / level
    flattest = np.argsort(slope)[:count]
    along, across = _covariances(patches[flattest], float(offsets[flattest].mean()))
    if along[0] <= 0 or _spread(patches[flattest]) > _EXCESS * _expected_spread(along / along[0], across / along[0]):
        return None
    lengths = _length(along / along[0]), _length(across / along[0])
    if max(lengths) >= _LAGS - 1:
        return None
    return Correlation(float(along[0]), *lengths, _until_none(along / along[0]))


def _until_none(autocorrelation: Plane) -> tuple[float, ...]:
    small = np.flatnonzero(autocorrelation < _NONE)
    return tuple(autocorrelation[: small[0] if len(small) else None].tolist())


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
