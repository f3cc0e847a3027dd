"""Whether atoms, dents and the order of a lattice survive, and whether tiles show.

Every score is of an output against a clean truth. All but the last take the period or the wave vectors of the truth, so
that these are looked for once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree

from sem_models.evaluation.metrics.frequency import windowed_spectrum
from sem_models.evaluation.metrics.lattice import atom_spacing_px, find_atoms, reciprocal_basis, shortest_repeat_px
from sem_models.images.intensity import UnitImage

_MATCH = 0.3
_BORDER = 0.5
"""In periods: of an atom nearer to the edge a part may be missing."""
_CROP_SIGMAS = 3
_LEAST_DENT = 1e-3
_QUIET = 0.01
_PEAK_REACH = 1
_LOCAL_REACH = 6
"""Steps of the spectrum: a Hann window spreads a peak over two to each side."""


def lattice_scores(output: UnitImage, target: UnitImage, data_range: float) -> dict[str, float]:
    """Scores of (H, W) against a clean lattice by their name in `METRICS`; empty where the target is no lattice."""
    basis = reciprocal_basis(target / np.float32(data_range))
    if basis is None:
        return {}
    period_px = shortest_repeat_px(basis)
    atoms = match_atoms(output, target, atom_spacing_px(target, period_px))
    return {
        "atom_f1": atoms.f1,
        "atom_rms_period": atoms.rms_period,
        "dent_correlation": dent_correlation(output, target, period_px, data_range),
        "lattice_peak_db": lattice_peak_db(output, target, basis, data_range),
    }


@dataclass(frozen=True)
class AtomMatches:
    """Atoms of an output and of its target, one to one."""

    distances: NDArray[np.float64]
    """(K,) of the pairs, in periods."""
    missing: int
    invented: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 1 is best; NaN where neither has an atom."""
        counted = 2 * len(self.distances) + self.missing + self.invented
        return 2 * len(self.distances) / counted if counted else float("nan")

    @property
    def rms_period(self) -> float:
        """Root mean square position error over the pairs, in periods, at most 0.3; NaN without a pair."""
        return float(np.sqrt(np.mean(self.distances**2))) if len(self.distances) else float("nan")


def match_atoms(output: UnitImage, target: UnitImage, period_px: float) -> AtomMatches:
    """Pairs of atoms of two (H, W) that are each other's nearest and at most 0.3 periods apart.

    Atoms within half a period of the edge do not count, but those that do count may pair with them. What is an atom
    of the output is measured by the height of the target's atoms.
    """
    found, true = find_atoms(output, period_px, target), find_atoms(target, period_px)
    counts, counted = (_inside(atoms, target, period_px) for atoms in (true, found))
    if not len(found) or not len(true):
        return AtomMatches(np.empty(0), int(counts.sum()), int(counted.sum()))
    distance, partner = KDTree(found).query(true)
    back = KDTree(true).query(found)[1]
    paired = (back[partner] == np.arange(len(true))) & (distance <= _MATCH * period_px)
    alone = np.ones(len(found), dtype=bool)
    alone[partner[paired]] = False
    unpaired = int((counts & ~paired).sum()), int((counted & alone).sum())
    return AtomMatches(distance[paired & counts] / period_px, *unpaired)


def dent_correlation(output: UnitImage, target: UnitImage, period_px: float, data_range: float) -> float:
    """Pearson correlation of what is wider than an atom: both (H, W) under a Gaussian of one period; 1 is best.

    Three periods are lost at each edge. NaN where the target has no dent, that is where its standard deviation is
    below a thousandth of the data range, and for images of six periods. An output below that counts as if it had as
    much, so that rounding does not correlate.
    """
    crop = round(_CROP_SIGMAS * period_px)
    if min(target.shape) < 2 * crop + 2:
        return float("nan")
    fields = [gaussian_filter(x.astype(np.float64), period_px)[crop:-crop, crop:-crop] for x in (output, target)]
    low, known = (field - field.mean() for field in fields)
    least = _LEAST_DENT * data_range
    if known.std() < least:
        return float("nan")
    return float(np.mean(low * known) / (max(low.std(), least) * known.std()))


def lattice_peak_db(output: UnitImage, target: UnitImage, basis: NDArray[np.float64], data_range: float) -> float:
    """Height of the lattice's peaks over their surroundings in the output's power spectrum less the target's, in dB.

    0 is best; a smeared or noisy lattice is below, one more regular than the truth above. Mean of two peaks.

    Args:
        output: (H, W).
        target: The same shape.
        basis: (2, 2) wave vectors of the target in cycles per pixel.
        data_range: Value of white. Power below that of noise of a hundredth of it counts as that much, or what the
            window leaks of a clean peak would be taken for its surroundings.
    """
    heights = []
    for image in (output, target):
        power = np.abs(windowed_spectrum(image / np.float32(data_range))) ** 2 / image.size + _QUIET**2
        heights.append(np.mean([_height_db(power, vector * image.shape) for vector in basis]))
    return float(heights[0] - heights[1])


def seam_ratio(output: UnitImage, target: UnitImage, pitch_px: int) -> float:
    """Squared steps across the lines of a tile grid over those between all other neighbours, output over target.

    1 is best, above it seams show. A line lies before each multiple of the pitch. NaN where the image has no line or
    the target no steps. The ratio has no unit.
    """
    ratios = [_on_lines(image.astype(np.float64), pitch_px) for image in (output, target)]
    return ratios[0] / ratios[1] if ratios[1] > 0 else float("nan")


def _inside(atoms: NDArray[np.float64], image: UnitImage, period_px: float) -> NDArray[np.bool_]:
    border = _BORDER * period_px
    inside: NDArray[np.bool_] = np.all((atoms >= border) & (atoms <= np.array(image.shape) - 1 - border), axis=1)
    return inside


def _height_db(power: NDArray[np.float64], peak: NDArray[np.float64]) -> float:
    """Largest power beside a (row, column) of a half spectrum over the median of what is around it."""
    steps = np.arange(-_LOCAL_REACH, _LOCAL_REACH + 1)
    rows, columns = np.meshgrid(*(steps + round(place) for place in peak), indexing="ij")
    # A half spectrum has no negative columns: the conjugate at the opposite frequency has the same power.
    rows, columns = np.where(columns < 0, -rows, rows) % len(power), np.abs(columns)
    around = power[rows, np.minimum(columns, power.shape[1] - 1)]
    middle = slice(_LOCAL_REACH - _PEAK_REACH, _LOCAL_REACH + _PEAK_REACH + 1)
    return float(10 * np.log10(around[middle, middle].max() / np.median(around)))


def _on_lines(image: NDArray[np.float64], pitch_px: int) -> float:
    on, off = [], []
    for axis in (0, 1):
        steps = np.moveaxis(np.diff(image, axis=axis) ** 2, axis, 0)
        line = np.arange(1, len(steps) + 1) % pitch_px == 0
        on.append(steps[line].ravel())
        off.append(steps[~line].ravel())
    lines, others = np.concatenate(on), np.concatenate(off)
    return float(lines.mean() / others.mean()) if lines.size and others.size and others.any() else float("nan")
