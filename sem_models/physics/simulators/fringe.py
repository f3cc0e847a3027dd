"""Measurement of the strongest lattice fringe of a micrograph: its period in px and its direction."""

import math

import numpy as np
from numpy.typing import NDArray
from skimage.filters import window

_LEAST_PERIODS = 4
_SHORTEST_PX = 2.5
_ABOVE_MEDIAN = 200.0


def measured_fringe(image: NDArray[np.float32]) -> tuple[float, float] | None:
    """Measure the spacing in px and the direction in degrees of the strongest fringe.

    This is the highest peak of the Hann-windowed power spectrum, refined by parabolas through the logarithms. The
    direction is from 0 to 180, turning from the columns' axis (right) towards the rows' axis (down).

    Args:
        image: (H, W), any range. Fringes with fewer than four periods across the image or periods below 2.5 px are not
            found.

    Returns:
        Spacing and direction, or None if no peak stands out from the spectrum around it.
    """
    if min(image.shape) < _LEAST_PERIODS * _SHORTEST_PX * 2:
        return None
    centred = (image - image.mean()) * window("hann", image.shape)
    power = np.fft.fftshift(np.abs(np.fft.fft2(centred)) ** 2)
    down, right = (np.fft.fftshift(np.fft.fftfreq(n)) for n in image.shape)
    size = np.hypot(down[:, None], right[None, :])
    # The windowed mean and slow shading fill the lowest frequencies; aliases gather at the highest.
    allowed = (size >= _LEAST_PERIODS / min(image.shape)) & (size <= 1 / _SHORTEST_PX)
    row, column = np.unravel_index(int(np.argmax(np.where(allowed, power, 0))), power.shape)
    ring = power[np.abs(size - size[row, column]) < 2 / min(image.shape)]
    if power[row, column] < _ABOVE_MEDIAN * np.median(ring) or not power[row, column] > 0:
        return None
    steps = _vertex(power, int(row), int(column))
    frequency = down[row] + steps[0] / image.shape[0], right[column] + steps[1] / image.shape[1]
    return 1 / math.hypot(*frequency), math.degrees(math.atan2(*frequency)) % 180


def _vertex(power: NDArray[np.float64], row: int, column: int) -> tuple[float, float]:
    """Return the offset of the maximum from the pixel, by a parabola through the logarithms along each axis."""
    log = np.log(np.maximum(power, power.max() * 1e-12))
    rows, columns = [(row + d) % log.shape[0] for d in (-1, 0, 1)], [(column + d) % log.shape[1] for d in (-1, 0, 1)]
    return _parabola(*log[rows, column]), _parabola(*log[row, columns])


def _parabola(before: float, here: float, after: float) -> float:
    bend = before - 2 * here + after
    return 0.5 * float(before - after) / float(bend) if bend < 0 else 0.0
