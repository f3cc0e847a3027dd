"""Whether atoms, dents and the order of a lattice are preserved, and whether seams of tiles show.

Every score compares an output with a clean truth. All but the last take the period or the wave vectors of the truth as
arguments, so that these are measured only once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree

from sem_models.evaluation.metrics.frequency import windowed_spectrum
from sem_models.evaluation.metrics.lattice import atom_spacing_px, find_atoms, reciprocal_basis, shortest_repeat_px
from sem_models.images.intensity import UnitImage

ATOM_SCORES = ("atom_f1", "atom_rms_period")
"""Scores whose truth is detected in the target; simulated centres replace it where they are known (`columns.py`)."""
_MATCH = 0.3
_BORDER = 0.5
"""In periods: a part of an atom nearer to the edge may be missing."""
_CROP_SIGMAS = 3
_LEAST_DENT = 1e-3
_QUIET = 0.01
_PEAK_REACH = 1
_LOCAL_REACH = 6
"""In steps of the spectrum: a Hann window spreads a peak over two steps to each side."""


def lattice_scores(output: UnitImage, target: UnitImage, data_range: float) -> dict[str, float]:
    """Score (H, W) against a clean lattice, by names in `METRICS`; returns nothing if the target is no lattice."""
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
    """One-to-one matches of the atoms of an output and its target."""

    distances: NDArray[np.float64]
    """(K,) distance in each pair, in periods."""
    missing: int
    invented: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 1 is best; NaN if neither image has an atom."""
        counted = 2 * len(self.distances) + self.missing + self.invented
        return 2 * len(self.distances) / counted if counted else float("nan")

    @property
    def rms_period(self) -> float:
        """Root mean square position error over the pairs, in periods, at most 0.3; NaN without a pair."""
        return float(np.sqrt(np.mean(self.distances**2))) if len(self.distances) else float("nan")


def match_atoms(output: UnitImage, target: UnitImage, period_px: float) -> AtomMatches:
    """Match atoms of two (H, W) images that are each other's nearest and at most 0.3 periods apart.

    Atoms within half a period of the edge do not count, but others may be matched with them. The height of the target's
    atoms decides what counts as an atom in the output.
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
    """Compute the Pearson correlation of both (H, W) images smoothed by a Gaussian of one period; 1 is best.

    Only structure wider than an atom is left, such as dents. Three periods are cropped at each edge. NaN for images
    of six periods or less, and if the target has no dents: a standard deviation below a thousandth of the data range.
    An output with a smaller standard deviation is divided by that value, so that rounding does not correlate.
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
    """Compare how far lattice peaks rise above their surroundings in the power spectrum: output minus target, in dB.

    0 is best; a smeared or noisy lattice is negative, one more regular than the truth positive. Mean of two peaks.

    Args:
        output: (H, W).
        target: The same shape.
        basis: (2, 2) wave vectors of the target in cycles per pixel.
        data_range: Value of white. The power of noise of a hundredth of it is added, or leakage of a clean peak
            through the window would count as its surroundings.
    """
    heights = []
    for image in (output, target):
        power = np.abs(windowed_spectrum(image / np.float32(data_range))) ** 2 / image.size + _QUIET**2
        heights.append(np.mean([_height_db(power, vector * image.shape) for vector in basis]))
    return float(heights[0] - heights[1])


def seam_ratio(output: UnitImage, target: UnitImage, pitch_px: int) -> float:
    """Compare squared steps across the lines of a tile grid with those between other neighbours, output over target.

    1 is best; above 1 seams show. A line lies before each multiple of the pitch. NaN if the image has no line or the
    target no steps.
    """
    ratios = [_on_lines(image.astype(np.float64), pitch_px) for image in (output, target)]
    return ratios[0] / ratios[1] if ratios[1] > 0 else float("nan")


def _inside(atoms: NDArray[np.float64], image: UnitImage, period_px: float) -> NDArray[np.bool_]:
    border = _BORDER * period_px
    inside: NDArray[np.bool_] = np.all((atoms >= border) & (atoms <= np.array(image.shape) - 1 - border), axis=1)
    return inside


def _height_db(power: NDArray[np.float64], peak: NDArray[np.float64]) -> float:
    """Return the largest power near a (row, column) of a half spectrum over the median of its surroundings, in dB."""
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
