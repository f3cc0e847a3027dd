"""Radial power spectra and the ring correlation of what is visible, at full resolution."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.viewing.pyramid import Pyramid

Field = tuple[int, int, int, int]
"""Left, top, right and bottom in px."""
_LARGEST_PX = 1024
"""Edge of the part that is transformed, from the middle of the field."""


@dataclass(frozen=True)
class RadialCurve:
    """A quantity by spatial frequency."""

    frequency: list[float]
    """Cycles per pixel, up to 1/2."""
    values: list[float]


def radial_spectrum(pyramid: Pyramid, field: Field) -> RadialCurve:
    """Compute the power in each ring of the spectrum, in dB of squared grey values per pixel, under a Hann window.

    White noise of variance v is at 10 log10 v. Powers of 0 are raised to -120 dB.

    Raises:
        ValueError: The field is smaller than 16 px.
    """
    from sem_models.evaluation.metrics.frequency import Rings, windowed_spectrum  # SciPy, not needed for a first page

    image = _middle(pyramid, field)
    rings = Rings(image.shape)
    power = rings.sum(np.abs(windowed_spectrum(image)) ** 2) / rings.counts / image.size
    return RadialCurve(rings.frequencies.tolist(), (10 * np.log10(np.maximum(power, 1e-12))).tolist())


def agreement(output: Pyramid, reference: Pyramid, field: Field) -> RadialCurve:
    """Compute the Fourier ring correlation of an output with its reference, an image of the same size.

    Raises:
        ValueError: The field is smaller than 16 px.
    """
    from sem_models.evaluation.metrics.frequency import ring_correlation

    found = ring_correlation(_middle(output, field), _middle(reference, field))
    return RadialCurve(found.frequency.tolist(), found.correlation.tolist())


def _middle(pyramid: Pyramid, field: Field) -> NDArray[np.float32]:
    from sem_models.evaluation.metrics.frequency import SMALLEST

    left, top, right, bottom = field
    rows, columns = _part(top, bottom, pyramid.height), _part(left, right, pyramid.width)
    codes = pyramid.levels[0][rows, columns]
    if min(codes.shape) < SMALLEST:
        raise ValueError(f"a spectrum needs a field of at least {SMALLEST} x {SMALLEST} px")
    return pyramid.code.values(codes).astype(np.float32)


def _part(start: int, stop: int, size: int) -> slice:
    """Cut a range to the image, and to its middle where it is long."""
    start, stop = max(0, start), min(size, stop)
    excess = max(0, stop - start - _LARGEST_PX)
    return slice(start + excess // 2, stop - (excess - excess // 2))
