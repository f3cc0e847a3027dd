"""Detection of the vacancies and dents of a simulated lattice in a restored image, with false alarms and chance."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree
from skimage.feature import peak_local_max

from sem_models.evaluation.metrics.column_fit import FittedColumns
from sem_models.physics.simulators.columns import SUBLATTICES, VACANT, Columns
from sem_models.physics.simulators.dents import dent_field

_LEAST_DENT = 0.04
"""Height of a dent that counts, in unit intensity, after smoothing by a Gaussian of one period."""
_NEAR = 2.0
_APART = 1.5
_BORDER = 1.0
"""All in periods."""


def vacancy_scores(fit: FittedColumns, known: Columns, counted: NDArray[np.bool_]) -> dict[str, float]:
    """Score the vacancies among the (K,) counted sites; nothing if there are none.

    A site is called vacant if its fitted intensity is less than half of the median of its sub-lattice in the same
    image, so that no truth is needed. `vacancy_chance` is the share of all sites that are called, which is what a guess
    with as many calls would hit. The AUC needs no threshold: it is the probability that a vacancy is fainter, compared
    with that median, than a column that is there; 0.5 is chance.
    """
    from scipy.stats import rankdata  # SciPy's statistics take seconds to import

    relative = _relative(fit, counted)
    vacant, there = counted & known.vacant, counted & ~known.vacant
    if not vacant.any() or not there.any():
        return {}
    called = relative < VACANT
    ranks = rankdata(np.concatenate([relative[vacant], relative[there]]))[: int(vacant.sum())]
    pairs = int(vacant.sum()) * int(there.sum())
    below = pairs - (float(ranks.sum()) - len(ranks) * (len(ranks) + 1) / 2)
    return {
        "vacancy_recall": float(called[vacant].mean()),
        "vacancy_false_alarms": float(called[there].mean()),
        "vacancy_chance": float(called[counted].mean()),
        "vacancy_auc": below / pairs,
    }


def _relative(fit: FittedColumns, counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return intensities over the median of their sub-lattice; all equal where that is not positive."""
    relative = np.ones(len(fit.intensity))
    for index in range(len(SUBLATTICES)):
        own = fit.sublattice == index
        if (own & counted).any():
            median = float(np.median(fit.intensity[own & counted]))
            relative[own] = fit.intensity[own] / median if median > 0 else 1.0
    return relative


def dent_scores(background: NDArray[np.float64], known: Columns) -> dict[str, float]:
    """Score the dents in the (H, W) background between the columns; nothing if the crystal has none that count.

    Dents of truth and image are extrema of at least 0.04 from the median, after both are smoothed by a Gaussian of one
    period. A dent is found if an extremum of the same sign lies within two periods. A false alarm is an extremum where
    the true height is less than half of that threshold, or of the other sign. `dent_chance` is the mean probability
    that one of as many extrema of that sign, thrown anywhere into the image, would lie as near.
    """
    shape = (background.shape[0], background.shape[1])
    if not known.dents:
        return {}
    true, shown = (_levelled(field, known.period_px) for field in (dent_field(known.dents, shape), background))
    hits: list[bool] = []
    chances: list[float] = []
    false = 0
    near = _NEAR * known.period_px
    for sign in (1, -1):
        dents, extrema = _tops(sign * true, known.period_px), _tops(sign * shown, known.period_px)
        false += int((sign * true[tuple(extrema.T)] < _LEAST_DENT / 2).sum())
        missed = 1 - min(1.0, math.pi * near**2 / true.size)
        hits += (KDTree(extrema).query(dents)[0] <= near).tolist() if len(extrema) else [False] * len(dents)
        chances += [1 - missed ** len(extrema)] * len(dents)
    if not hits:
        return {}
    return {
        "dent_recall": float(np.mean(hits)),
        "dent_false_alarms": float(false),
        "dent_chance": float(np.mean(chances)),
    }


def _levelled(field: NDArray[np.floating], period_px: float) -> NDArray[np.float64]:
    smooth = gaussian_filter(field.astype(np.float64), period_px)
    level: NDArray[np.float64] = smooth - np.median(smooth)
    return level


def _tops(field: NDArray[np.float64], period_px: float) -> NDArray[np.int64]:
    border = max(1, round(_BORDER * period_px))
    tops: NDArray[np.int64] = peak_local_max(
        field, min_distance=max(1, round(_APART * period_px)), threshold_abs=_LEAST_DENT, exclude_border=border
    )
    return tops
