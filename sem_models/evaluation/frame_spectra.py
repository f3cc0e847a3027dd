"""Powers of two frames of one field and their cross-spectrum, over rings, where both show the same structure.

Spectra are averaged over overlapping blocks (Welch, IEEE Trans. Audio Electroacoust. 15, 1967). The shift between the
frames is found by phase correlation and refined by the slope of the phase of the cross-spectrum, so that no frame is
interpolated.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sem_models.datasets.registration.phase_correlation import crop_to_overlap, find_shift
from sem_models.errors import UserError
from sem_models.evaluation.metrics.frequency import Rings, windowed_spectrum

Plane = NDArray[np.float64]
Spectra = NDArray[np.complex128]

_SMOOTHING_PX = (2.0, 4.0, 8.0)
"""A blurred frame is found again only if both are smoothed further than it is blurred."""
_SMALLEST_PX = 128
_BLOCKS = 3
_BLOCK_PX = (64, 256)
"""A block is a third of the field, within these limits."""
_ACROSS = 8
_FIRST = 2
"""Rings left out at the coarse end, which hold the window and slow changes of brightness."""
_FEWEST = 3
_COHERENT = 0.4
"""Coherence down to which rings are used, from coarse to fine. Beyond, a disc changes its sign; a Gaussian does not."""
_NOISE_FROM = 0.55
"""Cycles per pixel, in the corners of the spectrum, from which power counts as noise."""
_CERTAIN = 0.99
"""Largest coherence of one frequency that its weight in the shift counts."""


@dataclass(frozen=True)
class FrameSpectra:
    """Powers of two frames, block by block (B, K) in the same unit, over K rings from coarse to fine."""

    frequency: Plane
    """(K,), in cycles per pixel."""
    counts: Plane
    """(K,), pixels of a block's spectrum in the ring."""
    first: Plane
    second: Plane
    cross: Plane
    """Real part of the cross-spectrum."""
    noise: Plane
    """(B, 2), power of the noise of the first and of the second frame."""
    shift_px: tuple[float, float]
    """(rows, columns) by which the second frame lies further down and to the right."""


def frame_spectra(first: NDArray[Any], second: NDArray[Any]) -> FrameSpectra:
    """Compare two frames of one field, (H, W) of the same shape, any dtype.

    Raises:
        UserError: They differ in size, overlap by less than 128 px, or have no common structure.
    """
    if first.shape != second.shape:
        sizes = " and ".join(f"{frame.shape[1]} x {frame.shape[0]}" for frame in (first, second))
        raise UserError(f"The two frames have {sizes} px; give two frames of one field in the same size.")
    if not np.ptp(first) or not np.ptp(second):
        raise no_texture()
    frames = first.astype(np.float64), second.astype(np.float64)
    shift = _coarse_shift(*frames)
    common = [image[..., 0] for image in crop_to_overlap(frames[0][..., None], frames[1][..., None], shift)]
    shortest = min(common[0].shape)
    if shortest < _SMALLEST_PX:
        raise UserError(
            f"The two frames have only {shortest} px in common across; give frames of one field that share at least "
            f"{_SMALLEST_PX} px in both directions."
        )
    edge = 2 * (int(np.clip(shortest // _BLOCKS, *_BLOCK_PX)) // 2)
    return _compared(_block_spectra(common[0], edge), _block_spectra(common[1], edge), shift)


def _coarse_shift(first: Plane, second: Plane) -> tuple[float, float]:
    """Try several smoothings, and take the shift with which the frames agree best when both are strongly smoothed."""
    strongest = tuple(gaussian_filter(image, _SMOOTHING_PX[-1]) for image in (first, second))
    shifts = [find_shift(*(gaussian_filter(image, sigma) for image in (first, second))) for sigma in _SMOOTHING_PX]
    return max(shifts, key=lambda shift: _agreement(strongest[0], strongest[1], shift))


def _agreement(first: Plane, second: Plane, shift: tuple[float, float]) -> float:
    """Correlate the common field; -1 where it is less than half of a frame, or flat."""
    a, b = (image.ravel() for image in crop_to_overlap(first[..., None], second[..., None], shift))
    if 2 * a.size < first.size or not np.ptp(a) or not np.ptp(b):
        return -1.0
    return float(np.corrcoef(a, b)[0, 1])


def _block_spectra(image: Plane, edge: int) -> Spectra:
    """Return (B, E, E // 2 + 1), per pixel, of blocks that overlap by half, at most about 9 x 9 of them."""
    rows, columns = (_starts(length, edge) for length in image.shape)
    spectra = [windowed_spectrum(image[r : r + edge, c : c + edge].astype(np.float32)) for r in rows for c in columns]
    return np.array(spectra) / edge


def _starts(length: int, edge: int) -> range:
    last = length - edge
    return range(0, last + 1, max(edge // 2, last // _ACROSS, 1))


def _compared(first: Spectra, second: Spectra, shift: tuple[float, float]) -> FrameSpectra:
    """Refine the shift twice, because the rings that are coherent depend on it, and sum over these rings."""
    edge = first.shape[1]
    rings, frequency = Rings((edge, edge)), _Frequencies(edge)
    whole = round(shift[0]), round(shift[1])
    rest = np.subtract(shift, whole)
    for _ in range(2):
        used = _coherent(first, second * frequency.ramp(rest), rings)
        rest = rest + _remaining_shift(first, second * frequency.ramp(rest), frequency, rings.frequencies[used])
    moved = second * frequency.ramp(rest)
    used = _coherent(first, moved, rings)
    power, other, cross = (
        np.array([rings.sum(block)[used] for block in blocks]) / rings.counts[used]
        for blocks in (np.abs(first) ** 2, np.abs(moved) ** 2, (first.conj() * moved).real)
    )
    corner = frequency.radius > _NOISE_FROM
    noise = np.stack([(np.abs(blocks[:, corner]) ** 2).mean(1) for blocks in (first, moved)], axis=1)
    total = float(whole[0] + rest[0]), float(whole[1] + rest[1])
    return FrameSpectra(rings.frequencies[used], rings.counts[used], power, other, cross, noise, total)


class _Frequencies:
    """The frequencies of the half spectrum of a block, (E, E // 2 + 1), in cycles per pixel."""

    def __init__(self, edge: int) -> None:
        down, right = np.fft.fftfreq(edge)[:, None], np.fft.rfftfreq(edge)[None]
        self.down, self.right = np.broadcast_arrays(down, right)
        self.radius = np.hypot(down, right)

    def ramp(self, shift: Plane) -> Spectra:
        """Return the factor that moves a spectrum back by a shift."""
        turns: Spectra = np.exp(2j * np.pi * (self.down * shift[0] + self.right * shift[1]))
        return turns


def _coherent(first: Spectra, second: Spectra, rings: Rings) -> slice:
    """Select the rings from coarse to fine until the first in which the frames no longer agree."""
    joint, *powers = (
        rings.sum(total)
        for total in ((first.conj() * second).real.sum(0), (np.abs(first) ** 2).sum(0), (np.abs(second) ** 2).sum(0))
    )
    scale = np.sqrt(powers[0] * powers[1])
    coherence = np.divide(joint, scale, out=np.zeros_like(joint), where=scale > 0)
    low = np.flatnonzero(coherence[_FIRST:] < _COHERENT)
    last = _FIRST + int(low[0]) if len(low) else len(coherence)
    if last - _FIRST < _FEWEST:
        raise no_texture()
    return slice(_FIRST, last)


def no_texture() -> UserError:
    """Say that the width cannot be measured."""
    return UserError(
        "The two frames have too little structure in common to measure a difference of their blur: the field has no "
        "fine texture, noise covers it, or they show different fields. Choose frames with more texture or less noise."
    )


def _remaining_shift(first: Spectra, second: Spectra, frequency: _Frequencies, rings: Plane) -> Plane:
    """Fit a plane to the phase of the cross-spectrum within the rings, weighted by what its coherence is worth."""
    joint = (first.conj() * second).sum(0)
    powers = (np.abs(first) ** 2).sum(0) * (np.abs(second) ** 2).sum(0)
    inside = (frequency.radius >= rings[0]) & (frequency.radius <= rings[-1])
    coherence = np.minimum(np.abs(joint[inside]) ** 2 / powers[inside], _CERTAIN)
    weight = coherence / (1 - coherence)
    slopes = 2 * np.pi * np.stack([frequency.down[inside], frequency.right[inside]])
    shift: Plane = np.linalg.solve((slopes * weight) @ slopes.T, -(slopes * weight) @ np.angle(joint[inside]))
    return shift
