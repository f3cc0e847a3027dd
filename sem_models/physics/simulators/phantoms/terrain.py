"""Height maps, from which all phantoms are made. Lengths and heights are in pixels, so slopes are true slopes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Height = NDArray[np.float64]


def roughness(size: tuple[int, int], rng: np.random.Generator, exponent: float = 1.5) -> Height:
    """Draw a self-affine surface with unit standard deviation; amplitude falls as frequency^-`exponent`."""
    frequency = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None, :])
    frequency[0, 0] = 1.0
    spectrum = rng.standard_normal((2, *frequency.shape)) * frequency**-exponent
    spectrum[:, 0, 0] = 0
    surface = np.fft.irfft2(spectrum[0] + 1j * spectrum[1], size)
    normal: Height = surface / surface.std()
    return normal


def window_of(size: tuple[int, ...], centre: tuple[float, float], reach: float) -> tuple[slice, slice, Any, Any]:
    """Return the slices of the image within `reach` of `centre`, and the offsets of their rows and columns from it."""
    slices = [slice(max(int(c - reach), 0), min(int(c + reach) + 2, n)) for c, n in zip(centre, size, strict=True)]
    rows = np.arange(slices[0].start, slices[0].stop)[:, None] - centre[0]
    columns = np.arange(slices[1].start, slices[1].stop)[None, :] - centre[1]
    return slices[0], slices[1], rows, columns


def smooth(surface: Height, sigma_px: float) -> Height:
    """Smooth a surface with a Gaussian; borders are mirrored."""
    result: Height = gaussian_filter(surface, sigma_px, mode="reflect")
    return result
