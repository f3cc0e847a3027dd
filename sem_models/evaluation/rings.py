"""Windowed Fourier spectra summed over rings of equal frequency: what the spectral scores share."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft2
from scipy.signal.windows import hann

SMALLEST = 16
"""Images with a shorter side have too few rings for a spectral score."""


def windowed_spectrum(image: NDArray[np.float32]) -> NDArray[np.complex128]:
    """Half spectrum (H, W // 2 + 1) of the image less its mean, under a Hann window that keeps the mean power.

    Without the window the jump from one edge to the opposite one would put a cross of false detail into the spectrum.
    """
    height, width = image.shape
    window = np.outer(hann(height, sym=False), hann(width, sym=False))
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
        # The half spectrum holds one of each pair of conjugates; the columns that are their own partner count once.
        twice = np.full(width // 2 + 1, 2.0)
        twice[0] = 1
        if width % 2 == 0:
            twice[-1] = 1
        self._weight = np.broadcast_to(twice, radius.shape)

    @cached_property
    def frequencies(self) -> NDArray[np.float64]:
        """Cycles per pixel of each ring."""
        return np.arange(1, self._side // 2 + 1) / self._side

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """Pixels of the whole spectrum in each ring."""
        return self.sum(np.ones(self._index.shape))

    def sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over each ring of the whole spectrum, given the half of it."""
        totals = np.asarray(np.bincount(self._index.ravel(), (values * self._weight).ravel()), np.float64)
        return totals[1 : self._side // 2 + 1]

    def medians(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Median over each ring, given the half spectrum: what peaks do not lift."""
        order = np.argsort(self._index, axis=None, kind="stable")
        ends = np.cumsum(np.bincount(self._index.ravel()))[: self._side // 2 + 1]
        rings = np.split(values.ravel()[order], ends)[1:-1]
        return np.array([np.median(ring) for ring in rings])

    def spread(self, per_ring: NDArray[np.float64]) -> NDArray[np.float64]:
        """Half spectrum in which each pixel has the value of its ring; outside the rings that of the nearest."""
        everywhere: NDArray[np.float64] = np.take(per_ring, self._index - 1, mode="clip")
        return everywhere
