"""What is measured in images at full resolution: grey values along a line, and differences in a field."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.viewing.pyramid import Pyramid

Point = tuple[float, float]
"""Column and row in px; (0.5, 0.5) is the centre of the first pixel."""
_MOST_SAMPLES = 8192
_MOST_ACROSS = 64
_ENOUGH = 4_000_000


def line_profile(pyramid: Pyramid, start: Point, end: Point, across_px: int = 1) -> NDArray[np.float64]:
    """Sample native grey values from `start` to `end`, both included, at steps of about 1 px; (n,).

    Values between pixels are interpolated linearly, those outside are the nearest of the image. Lines of more than
    8192 px are sampled at equal, larger steps.

    Args:
        pyramid: The image.
        start: Where the line begins.
        end: Where it ends.
        across_px: Parallel lines, 1 px apart and centred on this one, whose mean is returned.
    """
    along = np.subtract(end, start)
    length = math.hypot(*along)
    samples = int(min(_MOST_SAMPLES, max(2, math.ceil(length) + 1)))
    across = min(max(1, across_px), _MOST_ACROSS)
    normal = np.array([-along[1], along[0]]) / length if length else np.zeros(2)
    offsets = (np.arange(across) - (across - 1) / 2)[:, None, None] * normal
    places = np.asarray(start) + np.linspace(0, 1, samples)[:, None] * along + offsets
    values: NDArray[np.float64] = _interpolated(pyramid, places[..., 0], places[..., 1]).mean(axis=0)
    return values


def _interpolated(pyramid: Pyramid, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    codes = pyramid.levels[0]
    row, column = (np.clip(place - 0.5, 0, size - 1) for place, size in zip((y, x), codes.shape, strict=True))
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    bottom, right = np.minimum(top + 1, codes.shape[0] - 1), np.minimum(left + 1, codes.shape[1] - 1)
    down, over = row - top, column - left
    upper = codes[top, left] * (1 - over) + codes[top, right] * over
    lower = codes[bottom, left] * (1 - over) + codes[bottom, right] * over
    values: NDArray[np.float64] = pyramid.code.lo + pyramid.code.step * (upper * (1 - down) + lower * down)
    return values


@dataclass(frozen=True)
class Difference:
    """How far two images are apart in a field, in native grey values."""

    rms: float
    largest: float
    """The 99.5th percentile of the magnitude."""
    every: int
    """Of so many rows one was measured."""


def difference(output: Pyramid, reference: Pyramid, field: tuple[int, int, int, int] | None = None) -> Difference:
    """Measure output minus reference, images of the same size, in a field (left, top, right, bottom) in px.

    Large fields are measured in whole rows that are evenly spaced.

    Raises:
        ValueError: The images differ in size.
    """
    if output.levels[0].shape != reference.levels[0].shape:
        raise ValueError(f"sizes differ: {output.levels[0].shape} and {reference.levels[0].shape}")
    left, top, right, bottom = field or (0, 0, output.width, output.height)
    columns = slice(min(max(left, 0), output.width - 1), max(right, left + 1, 1))
    top = min(max(top, 0), output.height - 1)
    bottom = min(max(bottom, top + 1), output.height)
    every = max(1, (bottom - top) * (columns.stop - columns.start) // _ENOUGH)
    part = np.s_[top:bottom:every, columns]
    values = output.code.values(output.levels[0][part]) - reference.code.values(reference.levels[0][part])
    return Difference(
        rms=float(np.sqrt(np.mean(values**2))), largest=float(np.percentile(np.abs(values), 99.5)), every=every
    )
