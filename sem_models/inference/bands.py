"""Sums weighted tiles and hands finished rows on, keeping only a band of the output in memory."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Sink = Callable[[int, Rows], None]
"""Receives the first row and (C, h, W) finished rows, in order from top to bottom."""


class OnceSink:
    """Hands each row on once, whatever is computed again after a failed pass."""

    def __init__(self, sink: Sink) -> None:
        """Pass rows to `sink`."""
        self._sink = sink
        self._done = 0

    def __call__(self, first: int, rows: Rows) -> None:
        """Receive (C, h, W) rows from `first` on."""
        skip = max(self._done - first, 0)
        if skip < rows.shape[1]:
            self._sink(first + skip, rows[:, skip:])
            self._done = first + rows.shape[1]


class BandAccumulator:
    """Output rows that are still being added to."""

    def __init__(self, channels: int, height: int, width: int, sink: Sink) -> None:
        """For an output of (channels, height, width)."""
        self._sum = np.zeros((channels, 0, width), np.float32)
        self._weight = np.zeros((0, width), np.float32)
        self._first = 0
        self._height = height
        self._sink = sink

    def add(self, top: int, left: int, tile: Rows, rows: NDArray[np.float32], columns: NDArray[np.float32]) -> None:
        """Add a (C, h, w) tile at `top`, `left` with separable weights; what lies outside the image is dropped."""
        height = min(tile.shape[1], self._height - top)
        width = min(tile.shape[2], self._sum.shape[2] - left)
        self._grow(top + height)
        weight = rows[:height, None] * columns[None, :width]
        place = np.s_[top - self._first : top - self._first + height, left : left + width]
        self._sum[:, *place] += tile[:, :height, :width] * weight
        self._weight[place] += weight

    def finish(self, before: int) -> None:
        """Rows above `before` will not be added to any more: divide them by their weight and hand them on."""
        count = min(before, self._height) - self._first
        if count <= 0:
            return
        self._sink(self._first, self._sum[:, :count] / self._weight[:count])
        self._sum, self._weight = self._sum[:, count:].copy(), self._weight[count:].copy()
        self._first += count

    def _grow(self, bottom: int) -> None:
        missing = bottom - self._first - self._weight.shape[0]
        if missing > 0:
            self._sum = np.pad(self._sum, ((0, 0), (0, missing), (0, 0)))
            self._weight = np.pad(self._weight, ((0, missing), (0, 0)))
