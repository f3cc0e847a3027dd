"""Images in different files that show the same field, wholly or in part.

All pairs of fingerprints are compared by phase correlation (Kuglin and Hines, Proc. IEEE Int. Conf. Cybernetics and
Society, 1975) of their low frequencies. Because every frequency counts alike, two lattices of one period, which agree
at a few frequencies only, do not correlate. The few pairs whose phases agree are confirmed by the normalised
correlation of their overlap at all shifts (Padfield, IEEE Trans. Image Process. 21, 2012).
"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.cluster.hierarchy import DisjointSet
from scipy.signal.windows import tukey

from sem_models.datasets.splits.fingerprint import EDGE_PX, Fingerprint
from sem_models.progress import Progress, silent

_BAND = 32
"""Frequencies compared along each axis: below 16 cycles per field, which survive compression and resampling."""
_AGREEING = 0.19
"""Fraction of frequencies whose phases must agree on one shift: six standard deviations of what chance gives."""
_LEAST_OVERLAP = 0.25
"""Smallest common area, relative to the smaller image."""
_UNIQUE = 0.6
"""Correlation at any other shift, relative to that at the common one, above which the shift is not unique."""
_CERTAIN = 0.8
"""Correlation that needs no unique shift: copies of a lattice also agree at shifts by whole periods."""
_NEAR_PX = 6
"""Largest difference, in px of the fingerprints, between the shifts that the two correlations find."""
_ROWS_AT_ONCE = 2048
Spectra = NDArray[np.complex64]


def links(
    prints: Sequence[Fingerprint | None], together: Sequence[Hashable], progress: Progress = silent
) -> list[tuple[int, int]]:
    """Find pairs of images that show the same field or overlap by about half or more.

    Args:
        prints: Fingerprint of each image; None for images that are not to be compared.
        together: What each image belongs to. Images that belong together, or are already linked, are not compared.
        progress: Called after all comparisons with one image.

    Returns:
        Pairs of indices that connect all images of a field; not every pair that shows it.
    """
    known = DisjointSet(set(together))
    compared = [(index, small) for index, small in enumerate(prints) if small is not None]
    spectra = np.zeros((len(compared), _BAND, _BAND // 2 + 1), np.complex64)
    for row, (_, small) in enumerate(compared):
        spectra[row] = _spectrum(small)
    total, done = len(compared) * (len(compared) - 1) // 2, 0
    found: list[tuple[int, int]] = []
    for row, (index, small) in enumerate(compared[:-1]):
        own = together[index]
        others = [k for k in range(row + 1, len(compared)) if not known.connected(own, together[compared[k][0]])]
        for k in _candidates(spectra, row, others):
            other, partner = compared[k]
            if not known.connected(own, together[other]) and same_field(small, partner):
                known.merge(own, together[other])
                found.append((index, other))
        done += len(compared) - row - 1
        progress(done, total, "pairs of images compared")
    return found


def same_field(first: Fingerprint, second: Fingerprint) -> bool:
    """Return whether two fingerprints show the same field or overlap by about half or more."""
    surface = _phase_correlation(_spectrum(first), _spectrum(second)[None])[0]
    if surface.max() < _AGREEING:
        return False
    peak = np.unravel_index(surface.argmax(), surface.shape)
    expected = [int(place) * EDGE_PX // _BAND for place in peak]
    correlation = _overlap_correlation(first.astype(np.float64), second.astype(np.float64))
    distance = [
        np.abs((np.arange(size) - shift + EDGE_PX // 2) % EDGE_PX - EDGE_PX // 2)
        for size, shift in zip(correlation.shape, expected, strict=True)
    ]
    near = (distance[0][:, None] <= _NEAR_PX) & (distance[1][None] <= _NEAR_PX)
    best = np.where(near, correlation, 0.0).max()
    return bool(best >= _CERTAIN or np.where(near, 0.0, correlation).max() <= _UNIQUE * best)


def _candidates(spectra: Spectra, row: int, others: Sequence[int]) -> list[int]:
    """Return those of the others whose phases agree with those of a row on one shift."""
    agreeing: list[int] = []
    for start in range(0, len(others), _ROWS_AT_ONCE):
        block = np.asarray(others[start : start + _ROWS_AT_ONCE])
        peaks = _phase_correlation(spectra[row], spectra[block]).max(axis=(1, 2))
        agreeing += block[peaks >= _AGREEING].tolist()
    return agreeing


def _spectrum(small: Fingerprint) -> Spectra:
    """Return the phases of the low frequencies, (32, 17), without the mean and the Nyquist frequencies."""
    window = np.outer(*(tukey(size, 0.5) for size in small.shape))
    padded = np.zeros((EDGE_PX, EDGE_PX))
    padded[: small.shape[0], : small.shape[1]] = (small - small.mean()) * window
    half = _BAND // 2
    low = fft.rfft2(padded)[np.r_[0:half, -half:0], : half + 1]
    low[0, 0], low[half], low[:, half] = 0, 0, 0
    strength = np.abs(low)
    phases = np.divide(low, strength, out=np.zeros_like(low), where=strength > 1e-9 * EDGE_PX**2)
    kept: Spectra = phases.astype(np.complex64)
    return kept


def _phase_correlation(first: Spectra, others: Spectra) -> NDArray[np.float32]:
    """Return for each of (N, 32, 17) spectra and each shift the fraction of frequencies that agree on it, (N, 32, 32).

    Shifts are those of the first image against the other, in steps of 4 px of the fingerprints, modulo their edge.
    """
    surfaces: NDArray[np.float32] = fft.irfft2(first * others.conj(), (_BAND, _BAND))
    return surfaces * np.float32(_BAND**2 / ((_BAND - 1) ** 2 - 1))


def _overlap_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Pearson's correlation over the overlap at each shift of the first image; 0 where the overlap is small."""
    size = (2 * EDGE_PX, 2 * EDGE_PX)
    one, ones, two, twos = (fft.rfft2(image, size) for image in (first, first**2, second, second**2))
    here, there = (fft.rfft2(np.ones_like(image), size) for image in (first, second))

    def sums(a: NDArray[np.complex128], b: NDArray[np.complex128]) -> NDArray[np.float64]:
        total: NDArray[np.float64] = fft.irfft2(a * b.conj(), size)
        return total

    count = np.maximum(np.rint(sums(here, there)), 1)
    sum_one, sum_two = sums(one, there), sums(here, two)
    spread = (sums(ones, there) - sum_one**2 / count) * (sums(here, twos) - sum_two**2 / count)
    covariance = sums(one, two) - sum_one * sum_two / count
    usable = (count >= _LEAST_OVERLAP * min(first.size, second.size)) & (spread > count**2)
    correlation: NDArray[np.float64] = np.divide(
        covariance, np.sqrt(np.maximum(spread, 1)), out=np.zeros(size), where=usable
    )
    return correlation
