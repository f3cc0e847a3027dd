"""Streaming an image through a network in tiles: rows are passed on when finished, tiles shrink if memory runs out."""

import sys
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.errors import UserError
from sem_models.inference.model import UnitModel
from sem_models.inference.tiling.plan import Span, plan_axis
from sem_models.inference.tiling.statistics import SAMPLED_PIXELS, image_statistics
from sem_models.inference.tiling.tiles import OutOfMemory, TileSource, run_batch
from sem_models.progress import Progress

Rows = NDArray[np.float32]
Sink = Callable[[int, Rows], None]
"""Receives the index of the first row and (C, h, W) finished rows, in order from top to bottom."""


class BandAccumulator:
    """Output rows that are still being summed; each row is passed on once, even if tiles are computed again."""

    def __init__(self, channels: int, height: int, width: int, sink: Sink) -> None:
        """Start empty, for an output of (channels, height, width)."""
        self._channels, self._height, self._width = channels, height, width
        self._sink = sink
        self.done = 0
        """Number of rows that were passed on."""
        self.restart()

    def restart(self) -> None:
        """Discard the sums of rows that are not done, because all their tiles will be added again."""
        self._sum = np.zeros((self._channels, 0, self._width), np.float32)
        self._weight = np.zeros((0, self._width), np.float32)

    def add(self, top: int, left: int, tile: Rows, rows: NDArray[np.float32], columns: NDArray[np.float32]) -> None:
        """Add a (C, h, w) tile at `top`, `left` with separable weights; done rows and pixels outside are ignored."""
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
        """Divide the rows above `before`, which are complete, by their weights and pass them on."""
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


def axis_weights(span: Span, length: int, halo: int, scale: int) -> NDArray[np.float32]:
    """Return the blend weights of a tile along one axis, (size x scale,) float32 in [0, 1].

    Output within `halo` input pixels of a cut edge is wrong, because the network lacked its surroundings, and gets
    weight 0; from there the weight rises as a raised cosine over another halo. At edges of the image it stays 1.
    """
    position = (np.arange(span.size * scale, dtype=np.float64) + 0.5) / scale
    ramp = max(halo, 1)
    weights = np.ones_like(position)
    if span.start > 0:
        weights *= _rise((position - halo) / ramp)
    if span.start + span.size < length:
        weights *= _rise((span.size - position - halo) / ramp)
    return weights.astype(np.float32)


def _rise(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0 below 0, 1 above 1 and a raised cosine between; two opposite ramps add up to 1."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0, 1))


Spans = tuple[Span, ...]
_SMALLEST_TILE = 32
_DEFAULT_TILE = {"cpu": 256, "cuda": 512}
_DEFAULT_BATCH = {"cpu": 1, "cuda": 4}
"""A CPU gains nothing from more than one."""
_ADVICE = {
    "cpu": "free memory by closing other programs, or use a smaller model.",
    "cuda": "free memory on it, or set CUDA_VISIBLE_DEVICES= to compute on the CPU.",
}


class TileStream:
    """A model on a device, with the largest tiles that were found to fit into its memory."""

    def __init__(self, model: UnitModel, device: torch.device, tile: int | None, batch: int | None) -> None:
        """Begin with tiles of `tile` input pixels without the halo, `batch` of them at a time.

        None: 256 px and one tile on a CPU, 512 px and four tiles on a GPU.
        """
        self._model, self._device = model, device
        self._tile = tile or _DEFAULT_TILE.get(device.type, 256)
        self._batch = batch or _DEFAULT_BATCH.get(device.type, 1)
        self._longest = sys.maxsize
        self._sampled = SAMPLED_PIXELS

    def __call__(self, source: TileSource, sink: Sink, progress: Progress) -> None:
        """Pass every output row to `sink`; if memory runs out, continue with smaller batches or tiles.

        Raises:
            UserError: Not even a single tile of the smallest size fits.
        """
        facts = self._model.capabilities
        whole = self._whole(source)
        tile = min(source.longest, self._longest) if whole else min(self._tile, max(source.longest, _SMALLEST_TILE))
        band = BandAccumulator(facts.channels_out, source.height * facts.scale, source.width * facts.scale, sink)
        pending = facts.tiling == "statistics"
        with ExitStack() as held:
            while True:
                rows, columns = self._plan(source, tile)
                try:
                    if pending and len(rows) * len(columns) > 1:
                        sampling = image_statistics(self._model, source, self._device, self._sampled)
                        self._sampled = held.enter_context(sampling)
                        pending = False
                    return self._pass(source, band, rows, columns, progress)
                except OutOfMemory as error:
                    tile = self._ease(tile, error)
                    band.restart()

    def _whole(self, source: TileSource) -> bool:
        """Return whether to begin with a single tile, for which no statistics have to be sampled."""
        tiling = self._model.capabilities.tiling
        fits = source.height * source.width <= self._sampled
        return tiling == "discouraged" or (tiling == "statistics" and fits)

    def _ease(self, tile: int, error: OutOfMemory) -> int:
        """Return the tile size to try next; the batch shrinks first, because smaller tiles have relatively more halo.

        What was lowered stays so for the next image, which will not find more memory.
        """
        if error.tiles > 1:
            self._batch = error.tiles // 2
        elif tile > _SMALLEST_TILE:
            tile = max(tile // 2, _SMALLEST_TILE)
            self._tile, self._longest = min(self._tile, tile), min(self._longest, tile)
        else:
            raise UserError(
                f"{self._model.name}: not even one tile of {tile} px fits into the memory of {self._device}; "
                + _ADVICE.get(self._device.type, "free memory on it.")
            ) from error
        return tile

    def _plan(self, source: TileSource, tile: int) -> tuple[Spans, Spans]:
        """Plan the rows and columns of tiles."""
        facts = self._model.capabilities
        wanted, shared = tile + 2 * facts.halo, 3 * facts.halo + 1
        rows = plan_axis(source.height, wanted, shared, facts.size_multiple)
        return rows, plan_axis(source.width, wanted, shared, facts.size_multiple)

    def _pass(self, source: TileSource, band: BandAccumulator, rows: Spans, columns: Spans, progress: Progress) -> None:
        """Compute the output rows that are not done yet."""
        scale = self._model.capabilities.scale
        for index, row in enumerate(rows):
            if row.stop * scale > band.done:
                self._row_of_tiles(source, row, columns, band)
            band.finish((rows[index + 1].start if index + 1 < len(rows) else source.height) * scale)
            progress(index + 1, len(rows), "rows of tiles")

    def _row_of_tiles(self, source: TileSource, row: Span, columns: Spans, band: BandAccumulator) -> None:
        facts = self._model.capabilities
        scale, halo = facts.scale, facts.halo
        down = axis_weights(row, source.height, halo, scale)
        for first in range(0, len(columns), self._batch):
            spans = columns[first : first + self._batch]
            batch = np.stack([source.tile(row, span) for span in spans])
            for span, tile in zip(spans, run_batch(self._model, batch, self._device), strict=True):
                right = axis_weights(span, source.width, halo, scale)
                band.add(row.start * scale, span.start * scale, tile, down, right)
