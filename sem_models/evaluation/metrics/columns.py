"""Scores of a restored image against the true columns of a simulated lattice, by sub-lattice.

The truth is that of the simulator. What a detector finds in the clean image is no truth: it misses columns that are
faint beside bright ones, and then nobody notices that a restoration has erased them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import KDTree
from skimage.feature import peak_local_max

from sem_models.evaluation.metrics.column_fit import FittedColumns, fit_columns
from sem_models.evaluation.metrics.defects import dent_scores, vacancy_scores
from sem_models.images.intensity import UnitImage
from sem_models.physics.cramer_rao import position_bound_px
from sem_models.physics.simulators.columns import SUBLATTICES, VACANT, Columns

_MATCH = 0.3
_BORDER = 0.5
_APART = 0.4
"""All in distances between neighbours."""
_PM_PER_NM = 1000


def column_scores(
    output: UnitImage, target: UnitImage, known: Columns, dose_e_per_px: float | None, pixel_size_nm: float | None
) -> dict[str, float]:
    """Score (H, W) against known columns, by names in `METRICS`; sub-lattices that a crystal lacks have no scores.

    Args:
        output: In unit intensity.
        target: The clean image, which tells the background of each column.
        known: In the pixels and unit intensity of both.
        dose_e_per_px: Dose of the input at unit intensity 1, for the Cramér-Rao bound; None: no bound.
        pixel_size_nm: None: no position errors in pm.
    """
    fit = fit_columns(output, known)
    matches = match_columns(output, fit, known)
    scores = {f"column_{name}": value for name, value in matches.counts().items()}
    scores["column_gain"] = _gain(fit, known, matches.counted)
    for index, name in enumerate(SUBLATTICES):
        if (matches.counted & (known.sublattice == index)).any():
            own = {
                **matches.of(index).counts(),
                **_intensity_scores(fit, known, matches.counted & ~known.vacant & (known.sublattice == index)),
                **_position_scores(fit, known, matches.hits & (known.sublattice == index), pixel_size_nm),
            }
            scores |= {f"column_{key}_{name}": value for key, value in own.items()}
            if dose_e_per_px is not None:
                hits = matches.hits & (known.sublattice == index)
                scores[f"column_bound_ratio_{name}"] = _bound_ratio(fit, target, known, hits, dose_e_per_px)
    return scores | vacancy_scores(fit, known, matches.counted) | dent_scores(fit.background, known)


@dataclass(frozen=True)
class ColumnMatches:
    """Which of the columns of an image are true."""

    counted: NDArray[np.bool_]
    """(K,) sites that are not too near to the edge."""
    true: NDArray[np.bool_]
    """(K,) counted sites with a column."""
    found: NDArray[np.bool_]
    """(K,) counted sites at which the image shows a column, whether or not there is one."""
    sublattice: NDArray[np.int64]
    """(K,)."""
    elsewhere: NDArray[np.int64]
    """Sub-lattice of the nearest site for each spot that the image shows between the sites."""

    @property
    def hits(self) -> NDArray[np.bool_]:
        """(K,) true columns that were found."""
        return self.true & self.found

    def of(self, index: int) -> "ColumnMatches":
        """Return the matches of one sub-lattice."""
        own = self.sublattice == index
        return ColumnMatches(
            self.counted & own,
            self.true & own,
            self.found & own,
            self.sublattice,
            self.elsewhere[self.elsewhere == index],
        )

    def counts(self) -> dict[str, float]:
        """Return precision, recall and F1, each at best 1; precision is NaN if nothing is found."""
        hits, found, true = int(self.hits.sum()), int(self.found.sum()) + len(self.elsewhere), int(self.true.sum())
        return {
            "precision": hits / found if found else float("nan"),
            "recall": hits / true if true else float("nan"),
            "f1": 2 * hits / (found + true) if found + true else float("nan"),
        }


def match_columns(output: UnitImage, fit: FittedColumns, known: Columns) -> ColumnMatches:
    """Compare the columns of (H, W) with the true ones.

    A column is found if its fitted intensity is at least half of that of the perfect crystal and its centre at most 0.3
    distances between neighbours from the true one (at a vacancy: from the site). Spots that are left in the image when
    these columns are taken away are counted as columns between the sites if they are half as bright as a column of
    the nearest site, and farther than that from any found one. Sites within half a distance of the edge do not count.
    """
    shape, spacing = (output.shape[0], output.shape[1]), known.spacing_px
    away = np.linalg.norm(fit.centres - known.centres, axis=1)
    found = (fit.intensity >= VACANT * known.full) & (away <= _MATCH * spacing)
    counted = known.inside(shape, _BORDER * spacing)
    between = _spots_between(output - fit.image(found), fit.centres[found], known)
    return ColumnMatches(counted, counted & ~known.vacant, counted & found, known.sublattice, between)


def _spots_between(left: NDArray[np.float64], taken: NDArray[np.float64], known: Columns) -> NDArray[np.int64]:
    """Return the sub-lattice of the nearest site of each spot in what is left of (H, W)."""
    spacing, sigma = known.spacing_px, known.sigma_px
    # A Gaussian filter of the spot's own width halves its height.
    intensity = 2 * gaussian_filter(left, sigma) * 2 * np.pi * sigma**2
    border = max(1, round(_BORDER * spacing))
    least = VACANT * float(known.full.min())
    spots = peak_local_max(
        intensity, min_distance=max(1, round(_APART * spacing)), threshold_abs=least, exclude_border=border
    )
    if not len(spots):
        return np.empty(0, np.int64)
    nearest = KDTree(known.sites).query(spots)[1]
    counts = intensity[tuple(spots.T)] >= VACANT * known.full[nearest]
    if len(taken):
        counts &= KDTree(taken).query(spots)[0] > _MATCH * spacing
    kinds: NDArray[np.int64] = known.sublattice[nearest[counts]]
    return kinds


def _gain(fit: FittedColumns, known: Columns, counted: NDArray[np.bool_]) -> float:
    """Return the slope of fitted against true intensity over all sites, vacancies included; NaN if all are equal."""
    true, measured = known.intensity[counted], fit.intensity[counted]
    centred = true - true.mean() if len(true) else true
    power = float(centred @ centred)
    # Intensities that differ by rounding alone have no slope.
    return float(centred @ measured) / power if power > 1e-9 * float(true @ true) else float("nan")


def _intensity_scores(fit: FittedColumns, known: Columns, there: NDArray[np.bool_]) -> dict[str, float]:
    """Return mean and root mean square of the relative intensity errors of all true columns, found or not."""
    if not there.any():
        return {}
    errors = fit.intensity[there] / known.intensity[there] - 1
    return {"intensity_bias": float(errors.mean()), "intensity_rms": float(np.sqrt(np.mean(errors**2)))}


def _position_scores(
    fit: FittedColumns, known: Columns, hits: NDArray[np.bool_], pixel_size_nm: float | None
) -> dict[str, float]:
    pixels = _rms_px(fit, known, hits)
    if pixel_size_nm is None:
        return {"rms_px": pixels}
    return {"rms_px": pixels, "rms_pm": pixels * pixel_size_nm * _PM_PER_NM}


def _rms_px(fit: FittedColumns, known: Columns, hits: NDArray[np.bool_]) -> float:
    """Return the root mean square position error along one axis; NaN without a column."""
    return float(np.sqrt(np.mean((fit.centres - known.centres)[hits] ** 2))) if hits.any() else float("nan")


def _bound_ratio(
    fit: FittedColumns, target: UnitImage, known: Columns, hits: NDArray[np.bool_], dose_e_per_px: float
) -> float:
    """Return the position error over the Cramér-Rao bound of columns on the background that they stand on."""
    if not hits.any():
        return float("nan")
    intensity = known.intensity[hits]
    own = intensity / (2 * np.pi * known.sigma_px**2)
    background = map_coordinates(target.astype(np.float64), known.centres[hits].T, order=3, mode="nearest") - own
    bounds = position_bound_px(dose_e_per_px * intensity, dose_e_per_px * background, known.sigma_px)
    return _rms_px(fit, known, hits) / float(np.sqrt(np.mean(bounds**2)))
