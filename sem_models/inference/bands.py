"""Sums weighted tiles and hands finished rows on, keeping only a band of the output in memory."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Sink = Callable[[int, Rows], None]
"""Receives the first row and (C, h, W) finished rows, in order from top to bottom."""


class BandAccumulator:
    """Output rows that are still being added to; each row is handed on once, even if tiles are computed again."""

    def __init__(self, channels: int, height: int, width: int, sink: Sink) -> None:
        """For an output of (channels, height, width)."""
        self._channels, self._height, self._width = channels, height, width
        self._sink = sink
        self.done = 0
        """Rows that were handed on."""
        self.restart()

    def restart(self) -> None:
        """Forget what was added to the rows that are not done: all of it will be added again."""
        self._sum = np.zeros((self._channels, 0, self._width), np.float32)
        self._weight = np.zeros((0, self._width), np.float32)

    def add(self, top: int, left: int, tile: Rows, rows: NDArray[np.float32], columns: NDArray[np.float32]) -> None:
        """Add a (C, h, w) tile at `top`, `left` with separable weights; done rows and pixels outside are dropped."""
        first, bottom = max(top, self.done), min(top + tile.shape[1], self._height)
        if first >= bottom:
            return
        width = min(tile.shape[2], self._width - left)
        self._grow(bottom)
        inner = np.s_[first - top : bottom - top]
        weight = rows[inner, None] * columns[None, :width]
        place = np.s_[first - self.done : bottom - self.done, left : left + width]
        self._sum[:, *place] += tile[:, inner, :width] * weight
        self._weight[place] += weight

    def finish(self, before: int) -> None:
        """Rows above `before` will not be added to any more: divide them by their weight and hand them on."""
        count = min(before, self._height) - self.done
        if count <= 0:
            return
        self._sink(self.done, self._sum[:, :count] / self._weight[:count])
        self._sum, self._weight = self._sum[:, count:].copy(), self._weight[count:].copy()
        self.done += count

    def _grow(self, bottom: int) -> None:
        missing = bottom - self.done - self._weight.shape[0]
        if missing > 0:
            self._sum = np.pad(self._sum, ((0, 0), (0, missing), (0, 0)))
            self._weight = np.pad(self._weight, ((0, missing), (0, 0)))
