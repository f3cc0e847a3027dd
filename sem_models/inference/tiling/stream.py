"""Streaming an image through a network in tiles: rows are passed on when finished, tiles shrink if memory runs out."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.config.backend import BackendChoice
from sem_models.config.networks.capabilities import Capabilities
from sem_models.errors import UserError
from sem_models.inference.backends.base import Turns
from sem_models.inference.backends.runner import TileRunner
from sem_models.inference.halo import EXACT
from sem_models.inference.model import UnitModel
from sem_models.inference.tiling.measure_halo import cost_px, may_be_measured, with_measured_halo
from sem_models.inference.tiling.memory import memory_budget, pixels_that_fit
from sem_models.inference.tiling.overlap import Overlap
from sem_models.inference.tiling.plan import Span, best_tile, plan_axis
from sem_models.inference.tiling.statistics import SAMPLED_PIXELS, image_statistics
from sem_models.inference.tiling.tiles import OutOfMemory, TileSource, run_batch
from sem_models.memory import freed_memory_kept
from sem_models.progress import Progress

TILES = "tiles"
"""What progress counts."""
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


def axis_weights(span: Span, length: int, halo: int, ramp: int, scale: int) -> NDArray[np.float32]:
    """Return the blend weights of a tile along one axis, (size x scale,) float32 in [0, 1].

    Output within `halo` input pixels of a cut edge is wrong, because the network lacked its surroundings, and gets
    weight 0; from there the weight rises as a raised cosine over `ramp` pixels, or at once. At edges of the image it
    stays 1.
    """
    position = (np.arange(span.size * scale, dtype=np.float64) + 0.5) / scale
    weights = np.ones_like(position)
    if span.start > 0:
        weights *= _rise(position - halo, ramp)
    if span.start + span.size < length:
        weights *= _rise(span.size - position - halo, ramp)
    return weights.astype(np.float32)


def _rise(x: NDArray[np.float64], ramp: int) -> NDArray[np.float64]:
    """Return 0 below 0, 1 above `ramp` and a raised cosine between; two opposite ramps add up to 1."""
    if not ramp:
        return (x > 0).astype(np.float64)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(x / ramp, 0, 1))


Spans = tuple[Span, ...]
Size = tuple[int, int]
"""Height and width of a tile with its halo, in input pixels."""
_SMALLEST_TILE = 32
_WHOLE_PIXELS = 256 * 256
"""Images up to this size are computed in one piece."""
_BLEND_PX = 16
_BATCH_ON_GPU = 4
"""Of tiles whose size was given; a CPU gains nothing from more than one, nor does any device with large tiles."""
_WORTH = 2
"""Pixels that a smaller halo could save, over those that are computed to measure it."""
_ADVICE = {
    "cpu": "free memory by closing other programs, or use a smaller model.",
    "cuda": "free memory on it, or set CUDA_VISIBLE_DEVICES= to compute on the CPU.",
}


def overlap_of(facts: Capabilities) -> int:
    """Return how many input pixels neighbouring tiles share: the halo of each, and the blend."""
    return 2 * facts.halo + _ramp(facts)


def _ramp(facts: Capabilities) -> int:
    """Return the width of the blend in input pixels: none where output beyond the halo is exact."""
    exact = facts.effective_halo is None or (facts.halo_error is not None and facts.halo_error <= EXACT)
    return 0 if exact else _BLEND_PX


class TileStream:
    """A model on a device, with the largest tiles that were found to fit into its memory."""

    def __init__(
        self,
        model: UnitModel,
        device: torch.device,
        tile: int | None,
        batch: int | None,
        backend: BackendChoice = "torch",
        turns: Turns | None = None,
    ) -> None:
        """Begin with tiles of `tile` input pixels without the halo, `batch` of them at a time.

        None: tiles that fit the image, the halo of the model and the memory (`best_tile`), one at a time; of tiles
        whose size is given, four at a time on a GPU. `backend` and `turns` matter for images that
        are prepared.
        """
        self._model, self._device = model, device
        self._run = TileRunner(model, partial(run_batch, model, device=device), device.type == "cpu", backend, turns)
        self._tile = tile
        self._batch = batch or (_BATCH_ON_GPU if tile and device.type == "cuda" else 1)
        self._budget: int | None = None
        """Pixels of a tile that a part of the memory was measured to hold."""
        self._most_pixels = sys.maxsize
        """Less than that after memory ran out."""
        self._sampled = SAMPLED_PIXELS
        self._measured = False
        """Whether the halo was measured, or is for good as stated."""

    @property
    def backend(self) -> str:
        """What computes the prepared image, with its version, if it is not PyTorch."""
        return self._run.title

    def prepare(self, source: TileSource) -> None:
        """Choose the backend for an image, if another than PyTorch may be used.

        Raises:
            UserError: The backend that the user chose cannot be used.
        """
        with freed_memory_kept():
            self._measure_halo(source)
            rows, columns = self._plan(source, self._first_size(source))
            shape = (source.pixels.shape[0], rows[0].size, columns[0].size)
            tiles = len(rows) * len(columns)
            self._run.prepare(shape, tiles, self._model.capabilities.tiling == "statistics" and tiles > 1)

    def __call__(self, source: TileSource, sink: Sink, progress: Progress) -> None:
        """Pass every output row to `sink`; if memory runs out, continue with smaller batches or tiles.

        Raises:
            UserError: Not even a single tile of the smallest size fits.
        """
        facts = self._model.capabilities
        size = self._first_size(source)
        band = BandAccumulator(facts.channels_out, source.height * facts.scale, source.width * facts.scale, sink)
        pending = facts.tiling == "statistics"
        with ExitStack() as held:
            held.enter_context(freed_memory_kept())
            while True:
                rows, columns = self._plan(source, size)
                try:
                    if pending and len(rows) * len(columns) > 1:
                        sampling = image_statistics(self._model, source, self._device, self._sampled)
                        self._sampled = held.enter_context(sampling)
                        pending = False
                    return self._pass(source, band, rows, columns, progress)
                except OutOfMemory as error:
                    size = self._ease(size, error)
                    band.restart()

    def _measure_halo(self, source: TileSource) -> None:
        """Measure how much halo the model needs, where the stated one costs more than that."""
        if self._measured or not may_be_measured(self._model):
            return
        if self._wasted(source) <= _WORTH * cost_px(self._model.capabilities):
            return
        try:
            self._model = self._run.model = with_measured_halo(self._model, self._device)
        except OutOfMemory:
            return
        self._measured, self._budget = True, None

    def _wasted(self, source: TileSource) -> int:
        """Return how many pixels the stated halo adds to the image, or all if it does not fit and may not be cut."""
        image = source.height * source.width
        if self._model.capabilities.tiling == "discouraged":
            return image if image > self._pixels_that_fit(source) else 0
        rows, columns = self._plan(source, self._first_size(source))
        return len(rows) * rows[0].size * len(columns) * columns[0].size - image

    def _first_size(self, source: TileSource) -> Size:
        whole, facts = (source.height, source.width), self._model.capabilities
        if self._whole(source):
            return whole
        if self._tile:
            edge = self._tile + 2 * facts.halo
            return edge, edge
        return best_tile(whole, overlap_of(facts), facts.size_multiple, self._pixels_that_fit(source))

    def _pixels_that_fit(self, source: TileSource) -> int:
        if self._budget is None and self._most_pixels == sys.maxsize:
            self._budget = pixels_that_fit(self._model, source, self._device, memory_budget(self._device))
        return min(self._most_pixels, self._budget or sys.maxsize)

    def _whole(self, source: TileSource) -> bool:
        """Return whether to begin with a single tile, for which neither memory nor statistics have to be measured."""
        pixels, tiling = source.height * source.width, self._model.capabilities.tiling
        if pixels > self._most_pixels:
            return False
        fits = tiling == "statistics" and pixels <= self._sampled
        return tiling == "discouraged" or fits or (self._tile is None and pixels <= _WHOLE_PIXELS)

    def _ease(self, size: Size, error: OutOfMemory) -> Size:
        """Return the size of tile to try next; the batch shrinks first, as smaller tiles have relatively more halo.

        What was lowered stays so for the next image, which will not find more memory.
        """
        if error.tiles > 1:
            self._batch = error.tiles // 2
            return size
        around = 2 * self._model.capabilities.halo
        smallest = _SMALLEST_TILE + around
        if max(size) <= smallest:
            raise UserError(
                f"{self._model.name}: not even one tile of {_SMALLEST_TILE} px fits into the memory of {self._device}; "
                + _ADVICE.get(self._device.type, "free memory on it.")
            ) from error
        height, width = (min(edge, max((edge - around) // 2 + around, smallest)) for edge in size)
        self._most_pixels = height * width
        if self._tile:
            self._tile = max(self._tile // 2, _SMALLEST_TILE)
        return height, width

    def _plan(self, source: TileSource, size: Size) -> tuple[Spans, Spans]:
        """Plan the rows and columns of tiles."""
        facts = self._model.capabilities
        rows = plan_axis(source.height, size[0], overlap_of(facts), facts.size_multiple)
        return rows, plan_axis(source.width, size[1], overlap_of(facts), facts.size_multiple)

    def _pass(self, source: TileSource, band: BandAccumulator, rows: Spans, columns: Spans, progress: Progress) -> None:
        """Compute the output rows that are not done yet; tiles are read ahead, and rows are written behind."""
        scale, total = self._model.capabilities.scale, len(rows) * len(columns)
        pending = [index for index, row in enumerate(rows) if row.stop * scale > band.done]
        batches = [columns[first : first + self._batch] for first in range(0, len(columns), self._batch)]
        steps = [(index, spans) for index in pending for spans in batches]
        with Overlap() as overlap:
            reads = overlap.ahead(partial(_tiles, source, rows[index], spans) for index, spans in steps)
            for (index, spans), batch in zip(steps, reads, strict=True):
                overlap.behind(partial(self._add, source, band, rows[index], spans, self._run(batch)))
                if spans is batches[-1]:
                    complete = rows[index + 1].start if index + 1 < len(rows) else source.height
                    overlap.behind(partial(band.finish, complete * scale))
                progress(index * len(columns) + columns.index(spans[-1]) + 1, total, TILES)

    def _add(
        self, source: TileSource, band: BandAccumulator, row: Span, spans: Spans, tiles: NDArray[np.float32]
    ) -> None:
        """Add tiles of one row to the band."""
        facts = self._model.capabilities
        down = axis_weights(row, source.height, facts.halo, _ramp(facts), facts.scale)
        for span, tile in zip(spans, tiles, strict=True):
            right = axis_weights(span, source.width, facts.halo, _ramp(facts), facts.scale)
            band.add(row.start * facts.scale, span.start * facts.scale, tile, down, right)


def _tiles(source: TileSource, row: Span, spans: Spans) -> NDArray[np.float32]:
    return np.stack([source.tile(row, span) for span in spans])
