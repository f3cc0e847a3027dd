"""Whether an image shows a lattice, how far apart its atoms are, and where they lie.

The period is the length of the shortest vector that moves the lattice onto itself. Plane spacings are shorter if the
planes are not perpendicular to each other, by cos 30 degrees in a hexagonal lattice.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter, median_filter
from scipy.spatial import KDTree
from skimage.feature import peak_local_max

from sem_models.evaluation.metrics.frequency import SMALLEST, Rings, windowed_spectrum
from sem_models.images.intensity import UnitImage

_ROUNDING = 1 / 255
_LEAST_EXCESS_DB = 24.0
"""Powder, coatings, plants, axons and alloys stay below 22 dB in their second direction, real lattices exceed 28 dB."""
_SPAN_DB = 15.0
"""Peaks weaker than the strongest by more than this are superstructure, dents or noise."""
_FEWEST_PERIODS = 4
_SHORTEST_SPACING_PX = 4
_LEAST_SINE = 0.5
_NEARBY_RINGS = 9
_MOST_PEAKS = 64
_ATOM_SIGMA = 0.2
_SURROUNDINGS_SIGMA = 0.5
_APART = 0.4
"""In periods."""
_LEAST_HEIGHT = 0.25
_TYPICAL_QUANTILE = 0.9
_ONE_ATOM = 0.8
"""If neighbours are farther apart than this, in periods, the unit cell has one atom."""


def lattice_period_px(image: UnitImage) -> float | None:
    """Return the period in px of the lattice in (H, W) in unit intensity; None if there is no lattice."""
    basis = reciprocal_basis(image)
    return None if basis is None else shortest_repeat_px(basis)


def reciprocal_basis(image: UnitImage) -> NDArray[np.float64] | None:
    """Return the two shortest independent wave vectors, (2, 2) rows and columns in cycles per px; None if no lattice.

    A lattice has peaks in two directions, at least 30 degrees apart, each 24 dB above the median power at its
    frequency. Interference in an instrument peaks in one direction only; texture stays about 13 dB above the median.
    Planes must be at least 4 px apart, and the shorter side must hold four of them.

    Args:
        image: (H, W) in unit intensity; the power of rounding to 256 grey levels is added.
    """
    if min(image.shape) < SMALLEST:
        return None
    power = np.abs(windowed_spectrum(image)) ** 2 / image.size + _ROUNDING**2 / 12
    level = 10 * np.log10(power)
    rings = Rings((image.shape[0], image.shape[1]))
    excess = level - rings.spread(median_filter(rings.medians(level), _NEARBY_RINGS, mode="nearest"))
    return _two_shortest(_wave_vectors(level, excess, image.shape))


def shortest_repeat_px(basis: NDArray[np.float64]) -> float:
    """Return the length in px of the shortest vector of a lattice from its (2, 2) reciprocal basis, by Lagrange."""
    short, long = sorted(np.linalg.inv(basis).T, key=lambda vector: float(vector @ vector))
    while True:
        long = long - np.rint(short @ long / (short @ short)) * short
        if long @ long >= short @ short:
            return float(np.linalg.norm(short))
        short, long = long, short


def atom_spacing_px(image: UnitImage, period_px: float) -> float:
    """Return the distance in px of neighbouring atoms in a clean (H, W): the period, unless a cell has several atoms.

    In graphene, neighbours are 0.58 periods apart. Atoms are searched at half the period; a median distance within a
    fifth of the period counts as the period, scattered by thermal motion.
    """
    atoms = find_atoms(image, period_px / 2)
    if len(atoms) < 2:
        return period_px
    nearest = float(np.median(KDTree(atoms).query(atoms, k=2)[0][:, 1]))
    return nearest if nearest < _ONE_ATOM * period_px else period_px


def find_atoms(image: UnitImage, period_px: float, reference: UnitImage | None = None) -> NDArray[np.float64]:
    """Find bright atoms in (H, W) with sub-pixel accuracy; returns (K, 2) rows and columns in px.

    Atoms are maxima of a difference of Gaussians, 0.2 minus 0.5 periods, which removes the slope of a dent; they are
    refined by a parabola. A maximum counts if it is at least a quarter as high as the 90th percentile of the maxima of
    the reference, by default the image itself, because faint remains of a lattice are not atoms. Maxima in the
    outermost pixels are ignored, and those nearer than 0.4 periods to a higher one.
    """
    height = _relief(image, period_px)
    known = height if reference is None else _relief(reference, period_px)
    tops = known[(maximum_filter(known, 2 * _reach_px(period_px) + 1) == known) & (known > 0)]
    if not tops.size:
        return np.empty((0, 2))
    least = _LEAST_HEIGHT * float(np.quantile(tops, _TYPICAL_QUANTILE))
    tallest = peak_local_max(height, min_distance=_reach_px(period_px), threshold_abs=least, exclude_border=1)
    return np.array([_refined(height, row, column) for row, column in tallest]).reshape(-1, 2)


def _relief(image: UnitImage, period_px: float) -> NDArray[np.float64]:
    near, wide = (gaussian_filter(image.astype(np.float64), s * period_px) for s in (_ATOM_SIGMA, _SURROUNDINGS_SIGMA))
    relief: NDArray[np.float64] = near - wide
    return relief


def _reach_px(period_px: float) -> int:
    return max(1, round(_APART * period_px))


def _wave_vectors(
    level: NDArray[np.float64], excess: NDArray[np.float64], shape: tuple[int, ...]
) -> list[NDArray[np.float64]]:
    """Return the wave vectors of the peaks that stand out, longest wave first."""
    height, width = shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    allowed = (frequency >= _FEWEST_PERIODS / min(shape)) & (frequency <= 1 / _SHORTEST_SPACING_PX)
    least = max(_LEAST_EXCESS_DB, float(excess[allowed].max(initial=0)) - _SPAN_DB)
    # The column left of the first holds the conjugates of the second; no peak is allowed beyond the last.
    whole = np.concatenate([level[-np.arange(height), 1][:, None], level], axis=1)
    top = allowed & (excess >= least) & (maximum_filter(whole, 3, mode="wrap")[:, 1:] == level)
    peaks = np.argwhere(top)[np.argsort(-excess[top], kind="stable")[:_MOST_PEAKS]]
    vectors = [_refined(whole, row, column + 1) - (0, 1) for row, column in peaks]
    folded = [np.array([(row + height / 2) % height - height / 2, column]) / shape for row, column in vectors]
    return sorted(folded, key=lambda vector: float(np.hypot(*vector)))


def _two_shortest(vectors: list[NDArray[np.float64]]) -> NDArray[np.float64] | None:
    for other in vectors[1:]:
        first = vectors[0]
        area = abs(first[0] * other[1] - first[1] * other[0])
        if area >= _LEAST_SINE * np.hypot(*first) * np.hypot(*other):
            return np.stack([first, other])
    return None


def _refined(values: NDArray[np.float64], row: int, column: int) -> NDArray[np.float64]:
    """Return the top of the parabolas through a maximum and its neighbours; rows wrap around."""
    middle, after = values[row, column], (row + 1) % len(values)
    sides = (values[row - 1, column], values[after, column]), (values[row, column - 1], values[row, column + 1])
    shift = [(low - high) / (2 * min(low - 2 * middle + high, -1e-12)) for low, high in sides]
    top: NDArray[np.float64] = np.array([row, column]) + np.clip(shift, -0.5, 0.5)
    return top
