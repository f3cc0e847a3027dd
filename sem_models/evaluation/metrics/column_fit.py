"""Fitting the columns of a known crystal to an image: positions, integrated intensities, widths and background.

All columns are fitted together, because the tails of neighbours overlap. The fit begins at the perfect crystal, which a
microscopist can index, and knows neither the displacements nor the vacancies of the truth. It maximises the likelihood
of Poisson counts by Fisher scoring, as is usual for columns in annular dark field (van Aert et al., Ultramicroscopy 109
(2009) 1236); on an image that is not a count it is a least-squares fit with weights 1 / intensity.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.sparse import csr_array, vstack
from scipy.sparse.linalg import LinearOperator, cg

from sem_models.images.intensity import UnitImage
from sem_models.physics.simulators.columns import SUBLATTICES, Columns, Positions
from sem_models.physics.simulators.lattice import splat

_STEPS = 8
_ENOUGH_PX = 1e-3
_REACH = 3.0
"""Number of sigmas from its centre in which a pixel informs about a column: 94 % of the information without noise."""
_LEAST_SHARE = 0.2
"""A column is at least this bright, compared with the perfect crystal, where a step of its position is computed."""
_LARGEST_STEP = 0.25
_FARTHEST = 0.6
"""Both in distances between neighbours."""
_LARGEST_CHANGE = 0.5
"""Of an intensity in one step, compared with the perfect crystal."""
_LARGEST_WIDENING = 0.2
"""Of a width in one step, compared with the true one."""
_LEAST_INFORMATION = 0.05
"""Compared with the median of all columns: those beyond the edge are damped, because the image hardly shows them."""
_DAMPING = 1e-4
_CONJUGATE_STEPS = 25
_CONJUGATE_ERROR = 1e-2
_WIDTHS = (0.6, 2.0)
"""Smallest and largest width, compared with the true one."""
_KNOTS = 1.25
"""Periods between the knots of the background; a dent is at least two periods wide."""
_DEGREE = 3
_LEAST_WEIGHT = 0.05
"""The variance of a pixel is at least this share of the mean intensity."""


@dataclass(frozen=True)
class FittedColumns:
    """The columns that were fitted to an image, in the order of the sites."""

    centres: Positions
    """(K, 2) in px."""
    intensity: NDArray[np.float64]
    """(K,) integrated above the background, in intensity x px^2."""
    sigma_px: NDArray[np.float64]
    """Width of the columns of each sub-lattice."""
    sublattice: NDArray[np.int64]
    """(K,)."""
    background: NDArray[np.float64]
    """(H, W) smooth intensity between the columns."""

    def image(self, shown: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Render background and the chosen columns, (H, W)."""
        total = self.background.copy()
        for index, sigma in enumerate(self.sigma_px):
            own = shown & (self.sublattice == index)
            heights = self.intensity[own] / (2 * math.pi * sigma**2)
            total += splat(self.centres[own], heights, float(sigma), (total.shape[0], total.shape[1]))
        return total


def fit_columns(image: UnitImage, known: Columns) -> FittedColumns:
    """Fit the columns of a crystal to (H, W).

    Args:
        image: Restored or noisy, in the intensity of `known`, not necessarily clipped.
        known: Only its sites, its full intensities and the width of its spots are used, as a starting point.
    """
    measured = image.astype(np.float64)
    basis = _Background.over(image.shape, _KNOTS * known.period_px)
    everywhere = np.ones(len(known.sites), dtype=bool)
    widths = np.full(len(SUBLATTICES), known.sigma_px)
    start = FittedColumns(known.sites, known.full, widths, known.sublattice, np.zeros(image.shape))
    fit = replace(start, background=np.full(image.shape, float((measured - start.image(everywhere)).mean())))
    least = _LEAST_WEIGHT * max(float(measured.mean()), 1e-6)
    for _ in range(_STEPS):
        model = fit.image(everywhere)
        weights = 1 / np.maximum(model, least)
        found = _scoring_step(_slopes(fit, known, image.shape), basis, weights, measured - model)
        fit, moved = _updated(fit, known, basis, found)
        if moved < _ENOUGH_PX:
            break
    return fit


@dataclass(frozen=True)
class _Background:
    """Tensor products of B-splines along both axes."""

    down: csr_array
    """(H, M)."""
    right: csr_array
    """(W, N)."""

    @classmethod
    def over(cls, shape: tuple[int, ...], knots_px: float) -> "_Background":
        return cls(*(_splines(length, knots_px) for length in shape))

    def field(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (M N,) to (H, W)."""
        grid = coefficients.reshape(self.down.shape[1], self.right.shape[1])
        values: NDArray[np.float64] = self.down @ (self.right @ grid.T).T
        return values

    def transposed(self, field: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (H, W) to (M N,)."""
        values: NDArray[np.float64] = (self.right.T @ (self.down.T @ field).T).T
        return values.ravel()

    def squared(self) -> "_Background":
        """Return the squares of the splines, which give the diagonal of the information."""
        return _Background(self.down.multiply(self.down).tocsr(), self.right.multiply(self.right).tocsr())


def _splines(length: int, knots_px: float) -> csr_array:
    pieces = max(1, round((length - 1) / knots_px))
    inner = np.linspace(0, length - 1, pieces + 1)
    knots = np.concatenate([[0.0] * _DEGREE, inner, [length - 1.0] * _DEGREE])
    return csr_array(BSpline.design_matrix(np.arange(length, dtype=float), knots, _DEGREE))


def _slopes(fit: FittedColumns, known: Columns, shape: tuple[int, ...]) -> csr_array:
    """Return the derivatives of the model: intensities, rows, columns (K each), and widths; (3 K + S, H W)."""
    sigma = fit.sigma_px[fit.sublattice][:, None, None]
    reach = math.ceil(_REACH * float(fit.sigma_px.max()))
    places = np.rint(fit.centres).astype(np.int64)[:, :, None] + np.arange(-reach, reach + 1)
    away = places - fit.centres[:, :, None]
    down, right = away[:, 0, :, None], away[:, 1, None, :]
    inside = (places >= 0) & (places < np.array(shape)[:, None])
    spot = np.exp(-(down**2 + right**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    spot *= inside[:, 0, :, None] & inside[:, 1, None, :]
    # A position step of a column that is hardly there would be as large as the noise is.
    bright = np.maximum(fit.intensity, _LEAST_SHARE * known.full)[:, None, None] * spot
    places = np.clip(places, 0, np.array(shape)[:, None] - 1)
    pixels = places[:, 0, :, None] * shape[1] + places[:, 1, None, :]
    wider = bright * ((down**2 + right**2) / sigma**3 - 2 / sigma)
    rows = [_rows(values, pixels, shape) for values in (spot, bright * down / sigma**2, bright * right / sigma**2)]
    widths = [
        np.bincount(pixels[own].ravel(), wider[own].ravel(), shape[0] * shape[1])
        for own in (fit.sublattice == index for index in range(len(fit.sigma_px)))
    ]
    return csr_array(vstack([*rows, csr_array(np.array(widths))], format="csr"))


def _rows(values: NDArray[np.float64], pixels: NDArray[np.int64], shape: tuple[int, ...]) -> csr_array:
    each = values[0].size if len(values) else 0
    starts = each * np.arange(len(values) + 1)
    return csr_array((values.ravel(), pixels.ravel(), starts), shape=(len(values), shape[0] * shape[1]))


def _scoring_step(
    slopes: csr_array, basis: _Background, weights: NDArray[np.float64], residual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve information x step = score by conjugate gradients; returns the steps of columns, widths and background."""
    count, backwards = slopes.shape[0], slopes.T.tocsr()

    def transposed(field: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([slopes @ field.ravel(), basis.transposed(field)])

    own = np.concatenate([slopes.multiply(slopes).tocsr() @ weights.ravel(), basis.squared().transposed(weights)])
    damping = _damping(own, count)

    def times(step: NDArray[np.float64]) -> NDArray[np.float64]:
        field = (backwards @ step[:count]).reshape(weights.shape) + basis.field(step[count:])
        result: NDArray[np.float64] = transposed(weights * field) + damping * step
        return result

    size = (len(own), len(own))
    information = LinearOperator(size, matvec=times, dtype=np.float64)
    scaled = LinearOperator(size, matvec=lambda step: step / (own + damping), dtype=np.float64)
    step, _ = cg(information, transposed(weights * residual), rtol=_CONJUGATE_ERROR, maxiter=_CONJUGATE_STEPS, M=scaled)
    return np.asarray(step)


def _damping(own: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return what is added to the diagonal of the information, whose first `count` entries are those of the columns."""
    each = (count - len(SUBLATTICES)) // 3
    damping: NDArray[np.float64] = _DAMPING * own + 1e-12 * own.max()
    for start in range(0, 3 * each, each or 1):
        part = own[start : start + each]
        damping[start : start + each] += np.maximum(_LEAST_INFORMATION * np.median(part) - part, 0)
    return damping


def _updated(
    fit: FittedColumns, known: Columns, basis: _Background, found: NDArray[np.float64]
) -> tuple[FittedColumns, float]:
    """Take one step within bounds; also return the root mean square change of the positions in px."""
    count, spacing, kinds = len(fit.intensity), known.spacing_px, len(fit.sigma_px)
    steps = _within(found[count : 3 * count].reshape(2, count).T, _LARGEST_STEP * spacing)
    centres = known.sites + _within(fit.centres + steps - known.sites, _FARTHEST * spacing)
    brighter = _within(found[:count], _LARGEST_CHANGE * known.full)
    wider = _within(found[3 * count : 3 * count + kinds], _LARGEST_WIDENING * known.sigma_px)
    narrowest, widest = (factor * known.sigma_px for factor in _WIDTHS)
    updated = replace(
        fit,
        centres=centres,
        intensity=fit.intensity + brighter,
        sigma_px=np.clip(fit.sigma_px + wider, narrowest, widest),
        background=fit.background + basis.field(found[3 * count + kinds :]),
    )
    return updated, float(np.sqrt(np.mean((centres - fit.centres) ** 2))) if count else 0.0


def _within(values: NDArray[np.float64], largest: NDArray[np.float64] | float) -> NDArray[np.float64]:
    bounded: NDArray[np.float64] = np.clip(values, -largest, largest)
    return bounded
