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
SPECTRAL_SCORES = ("frc_mean", "frc_resolution_px", "spectrum_distance_db")
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


class TargetSpectrum:
    """The spectrum of a target, computed once for all outputs that are compared with it."""

    def __init__(self, target: NDArray[np.float32]) -> None:
        """(H, W), at least `SMALLEST` px across."""
        self._rings = Rings(target.shape)
        self._is_flat = not np.ptp(target)
        self._spectrum = windowed_spectrum(target)
        self._size = target.size

    @cached_property
    def _power(self) -> NDArray[np.float64]:
        return self._rings.sum(np.abs(self._spectrum) ** 2)

    def scores(self, output: NDArray[np.float32], data_range: float) -> dict[str, float]:
        """Return `frc_mean`, `frc_resolution_px` and `spectrum_distance_db` of an output, from one spectrum."""
        spectrum = windowed_spectrum(output)
        power = self._rings.sum(np.abs(spectrum) ** 2)
        nan = float("nan")
        found = {"frc_mean": nan, "frc_resolution_px": nan}
        if not self._is_flat:
            curve = self._correlation(spectrum, power, not np.ptp(output))
            found = {"frc_mean": float(curve.correlation.mean()), "frc_resolution_px": curve.resolution_px()}
        decibels = [self._decibels(values, data_range) for values in (power, self._power)]
        return {**found, "spectrum_distance_db": float(np.sqrt(np.mean((decibels[0] - decibels[1]) ** 2)))}

    def correlation(self, output: NDArray[np.float32]) -> RingCorrelation:
        """Correlate an output of the same shape; the correlation is 0 in rings where an image has no power."""
        spectrum = windowed_spectrum(output)
        return self._correlation(spectrum, self._rings.sum(np.abs(spectrum) ** 2), not np.ptp(output))

    def _correlation(
        self, spectrum: NDArray[np.complex128], power: NDArray[np.float64], is_flat: bool
    ) -> RingCorrelation:
        joint = self._rings.sum((spectrum * self._spectrum.conj()).real)
        # The mean of a flat image is not exact, so that its spectrum is rounding and not zero.
        both = np.sqrt(power * self._power) * (not (is_flat or self._is_flat))
        correlation = np.divide(joint, both, out=np.zeros_like(joint), where=both != 0)
        return RingCorrelation(self._rings.frequencies, correlation, self._rings.counts)

    def _decibels(self, power: NDArray[np.float64], data_range: float) -> NDArray[np.float64]:
        return _decibels(power / self._rings.counts / self._size / data_range**2)


def ring_correlation(output: NDArray[np.float32], target: NDArray[np.float32]) -> RingCorrelation:
    """Correlate two (H, W) images under a Hann window; the correlation is 0 in rings where an image has no power."""
    return TargetSpectrum(target).correlation(output)


def frc_mean(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """Compute the mean ring correlation over all frequencies up to half a cycle per pixel; 1 is best.

    NaN below 16 pixels and for a flat target. Gain and offset of the grey levels cancel, so the data range does not
    matter.
    """
    return spectral_scores(output, target, data_range)["frc_mean"]


def frc_resolution_px(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """Compute the period in pixels at which the ring correlation with the target first falls below 1/7; 2 is best.

    NaN as in `frc_mean`.
    """
    return spectral_scores(output, target, data_range)["frc_resolution_px"]


def spectral_scores(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> dict[str, float]:
    """Compute the three scores of this module; NaN below 16 pixels."""
    if min(target.shape) < SMALLEST:
        return dict.fromkeys(SPECTRAL_SCORES, float("nan"))
    return TargetSpectrum(target).scores(output, data_range)


def is_finest_period(period_px: float) -> bool:
    """Return whether a resolution is the finest period of an image, so that the true one is at most that.

    This is 2 px (Nyquist), or 2 n / (n - 1) px if the shorter side of the image has an odd number n of pixels.
    """
    if period_px <= _NYQUIST_PX:
        return True
    side = period_px / (period_px - _NYQUIST_PX)
    return side >= SMALLEST and round(side) % 2 == 1 and math.isclose(side, round(side), rel_tol=1e-9)


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
    return spectral_scores(output, target, data_range)["spectrum_distance_db"]


def radial_power_db(image: NDArray[np.float32], rings: Rings) -> NDArray[np.float64]:
    """Return 10 log10 of the mean power in each ring, per pixel: white noise of variance v is at 10 log10 v."""
    return _decibels(rings.sum(np.abs(windowed_spectrum(image)) ** 2) / rings.counts / image.size)


def _decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    decibels: NDArray[np.float64] = DB_PER_DECADE * np.log10(np.maximum(power, _ROUNDING**2 / 12))
    return decibels
