"""Windowed Fourier spectra summed over rings of equal frequency, and the spectral scores that follow from them."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft2

SMALLEST = 16
"""Images with a shorter side have too few rings for a spectral score."""
_NYQUIST_PX = 2


def windowed_spectrum(image: NDArray[np.float32]) -> NDArray[np.complex128]:
    """Return the half spectrum (H, W // 2 + 1) of the image minus its mean, under a Hann window that keeps mean power.

    Without the window, the jump between opposite edges would put a cross of false detail into the spectrum.
    """
    height, width = image.shape
    # Periodic windows, as those of scipy.signal, whose import takes seconds.
    window = np.outer(np.hanning(height + 1)[:-1], np.hanning(width + 1)[:-1])
    window /= np.sqrt(np.mean(window**2))
    values = image.astype(np.float64)
    spectrum: NDArray[np.complex128] = rfft2((values - values.mean()) * window)
    return spectrum


class Rings:
    """Rings 1, 2, ... up to half a cycle per pixel, as wide as the frequency step of the shorter side."""

    def __init__(self, shape: tuple[int, int]) -> None:
        height, width = shape
        self._side = min(shape)
        radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
        self._index = np.rint(radius * self._side).astype(np.intp)
        # The half spectrum holds one of each conjugate pair; columns that are their own conjugate count once.
        twice = np.full(width // 2 + 1, 2.0)
        twice[0] = 1
        if width % 2 == 0:
            twice[-1] = 1
        self._weight = np.broadcast_to(twice, radius.shape)

    @cached_property
    def frequencies(self) -> NDArray[np.float64]:
        """Frequency of each ring in cycles per pixel."""
        return np.arange(1, self._side // 2 + 1) / self._side

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """Pixels of the whole spectrum in each ring."""
        return self.sum(np.ones(self._index.shape))

    def sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum the whole spectrum over each ring, given one half of it."""
        totals = np.asarray(np.bincount(self._index.ravel(), (values * self._weight).ravel()), np.float64)
        return totals[1 : self._side // 2 + 1]

    def medians(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the median over each ring of a half spectrum, which peaks do not raise."""
        order = np.argsort(self._index, axis=None, kind="stable")
        ends = np.cumsum(np.bincount(self._index.ravel()))[: self._side // 2 + 1]
        rings = np.split(values.ravel()[order], ends)[1:-1]
        return np.array([np.median(ring) for ring in rings])

    def spread(self, per_ring: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a half spectrum in which each pixel has the value of its ring, or outside them of the nearest ring."""
        everywhere: NDArray[np.float64] = np.take(per_ring, self._index - 1, mode="clip")
        return everywhere


Threshold = Literal["1/7", "1/2", "half-bit"]
_FIXED: dict[Threshold, float] = {"1/7": 1 / 7, "1/2": 1 / 2}


@dataclass(frozen=True)
class RingCorrelation:
    """A Fourier ring correlation curve, ring by ring from coarse to fine."""

    frequency: NDArray[np.float64]
    """Cycles per pixel, up to 1/2."""
    correlation: NDArray[np.float64]
    """Re(sum O T*) / sqrt(sum |O|^2 sum |T|^2), from -1 to 1."""
    counts: NDArray[np.float64]
    """Fourier pixels in the ring."""

    def resolution_px(self, threshold: Threshold = "1/7") -> float:
        """Return the period in pixels where the curve first falls below the threshold, interpolated between rings.

        It is the finest period, 2 pixels, if the curve stays above, the coarsest ring if it starts below, and NaN if
        the curve contains NaN.
        """
        margin = self.correlation - self._limit(threshold)
        if np.isnan(margin).any():
            return float("nan")
        below = np.flatnonzero(margin < 0)
        if not below.size:
            return 1 / float(self.frequency[-1])
        after = int(below[0])
        if after == 0:
            return 1 / float(self.frequency[0])
        pair = slice(after - 1, after + 1)
        return 1 / float(np.interp(0, -margin[pair], self.frequency[pair]))

    def _limit(self, threshold: Threshold) -> NDArray[np.float64]:
        """Return a constant, or half a bit per Fourier pixel (van Heel & Schatz, J. Struct. Biol. 2005)."""
        if threshold != "half-bit":
            return np.full(self.frequency.shape, _FIXED[threshold])
        root = np.sqrt(self.counts)
        return (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)


def ring_correlation(output: NDArray[np.float32], target: NDArray[np.float32]) -> RingCorrelation:
    """Correlate two (H, W) images under a Hann window; the correlation is 0 in rings where an image has no power."""
    rings = Rings(target.shape)
    first, second = (windowed_spectrum(image) * bool(np.ptp(image)) for image in (output, target))
    joint = rings.sum((first * second.conj()).real)
    power = np.sqrt(rings.sum(np.abs(first) ** 2) * rings.sum(np.abs(second) ** 2))
    correlation = np.divide(joint, power, out=np.zeros_like(joint), where=power != 0)
    return RingCorrelation(rings.frequencies, correlation, rings.counts)


def frc_mean(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:  # noqa: ARG001
    """Compute the mean ring correlation over all frequencies up to half a cycle per pixel; 1 is best.

    NaN below 16 pixels and for a flat target. Gain and offset of the grey levels cancel, so the data range does not
    matter.
    """
    return float(ring_correlation(output, target).correlation.mean()) if _usable(target) else float("nan")


def frc_resolution_px(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:  # noqa: ARG001
    """Compute the period in pixels at which the ring correlation with the target first falls below 1/7; 2 is best.

    NaN as in `frc_mean`.
    """
    return ring_correlation(output, target).resolution_px() if _usable(target) else float("nan")


def is_finest_period(period_px: float) -> bool:
    """Return whether a resolution is the finest period of an image, so that the true one is at most that.

    This is 2 px (Nyquist), or 2 n / (n - 1) px if the shorter side of the image has an odd number n of pixels.
    """
    if period_px <= _NYQUIST_PX:
        return True
    side = period_px / (period_px - _NYQUIST_PX)
    return side >= SMALLEST and round(side) % 2 == 1 and math.isclose(side, round(side), rel_tol=1e-9)


def _usable(target: NDArray[np.float32]) -> bool:
    return min(target.shape) >= SMALLEST and bool(np.ptp(target))


_ROUNDING = 1 / 255
DB_PER_DECADE = 10


def spectrum_distance_db(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """Compute the root mean square difference of radial power spectra in dB over all frequencies; 0 is best.

    Every ring up to half a cycle per pixel has the same weight. The score ignores positions: read it beside one that
    does not. Scaling the grey levels by a gives |20 log10 a| dB.

    Args:
        output: (H, W).
        target: The same shape; NaN is returned below 16 pixels.
        data_range: Value of white. Power is raised to at least that of rounding to 256 grey levels, or the empty
            high frequencies of enlarged images would dominate.
    """
    if min(target.shape) < SMALLEST:
        return float("nan")
    rings = Rings(target.shape)
    decibels = [radial_power_db(image / data_range, rings) for image in (output, target)]
    return float(np.sqrt(np.mean((decibels[0] - decibels[1]) ** 2)))


def radial_power_db(image: NDArray[np.float32], rings: Rings) -> NDArray[np.float64]:
    """Return 10 log10 of the mean power in each ring, per pixel: white noise of variance v is at 10 log10 v."""
    power = rings.sum(np.abs(windowed_spectrum(image)) ** 2) / rings.counts / image.size
    return DB_PER_DECADE * np.log10(np.maximum(power, _ROUNDING**2 / 12))
