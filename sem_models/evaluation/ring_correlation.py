"""Fourier ring correlation (Saxton & Baumeister, J. Microscopy 1982; van Heel, Ultramicroscopy 1987).

Here one of the two images is the truth, so that what follows is a cross-resolution: down to which detail output and
truth agree. Between two noisy halves of one measurement 1/7 is the usual threshold; against a truth without noise the
same quality correlates at sqrt(2 / 7 / (1 + 1 / 7)) = 1/2 (Rosenthal & Henderson, J. Mol. Biol. 2003). The truth of
micrographs is noisy too, so the score keeps 1/7; the other thresholds are there for whoever asks for them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sem_models.evaluation.rings import SMALLEST, Rings, windowed_spectrum

Threshold = Literal["1/7", "1/2", "half-bit"]
_FIXED: dict[Threshold, float] = {"1/7": 1 / 7, "1/2": 1 / 2}


@dataclass(frozen=True)
class RingCorrelation:
    """The curve, ring by ring, from coarse to fine."""

    frequency: NDArray[np.float64]
    """Cycles per pixel, up to 1/2."""
    correlation: NDArray[np.float64]
    """Re(sum O T*) / sqrt(sum |O|^2 sum |T|^2), from -1 to 1."""
    counts: NDArray[np.float64]
    """Fourier pixels in the ring."""

    def resolution_px(self, threshold: Threshold = "1/7") -> float:
        """Period, in pixels, at the first crossing of the threshold, linear between rings.

        The finest period there is, 2 pixels, where the curve stays above; the coarsest ring where it starts below;
        NaN where the curve is not a number.
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
        """Half a bit of information a Fourier pixel (van Heel & Schatz, J. Struct. Biol. 2005), or a constant."""
        if threshold != "half-bit":
            return np.full(self.frequency.shape, _FIXED[threshold])
        root = np.sqrt(self.counts)
        return (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)


def ring_correlation(output: NDArray[np.float32], target: NDArray[np.float32]) -> RingCorrelation:
    """Correlate (H, W) images of one shape under a Hann window; where an image has no power the correlation is 0."""
    rings = Rings(target.shape)
    first, second = (windowed_spectrum(image) * bool(np.ptp(image)) for image in (output, target))
    joint = rings.sum((first * second.conj()).real)
    power = np.sqrt(rings.sum(np.abs(first) ** 2) * rings.sum(np.abs(second) ** 2))
    correlation = np.divide(joint, power, out=np.zeros_like(joint), where=power != 0)
    return RingCorrelation(rings.frequencies, correlation, rings.counts)


def frc_mean(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:  # noqa: ARG001
    """Mean of the ring correlation over all frequencies up to half a cycle per pixel; 1 is best.

    NaN below 16 pixels and for a target without any detail. Contrast and brightness cancel, so the data range does not
    matter.
    """
    return float(ring_correlation(output, target).correlation.mean()) if _usable(target) else float("nan")


def frc_resolution_px(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:  # noqa: ARG001
    """Period in pixels at which the ring correlation with the target first falls below 1/7; 2 is best.

    NaN as in `frc_mean`.
    """
    return ring_correlation(output, target).resolution_px() if _usable(target) else float("nan")


def _usable(target: NDArray[np.float32]) -> bool:
    return min(target.shape) >= SMALLEST and bool(np.ptp(target))
