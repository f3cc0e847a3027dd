"""Image-wide means and variances, estimated from samples of the image, for networks with instance norm."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import isqrt

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.inference.model import UnitModel
from sem_models.inference.tiling.plan import Span
from sem_models.inference.tiling.tiles import OutOfMemory, TileSource, run_batch
from sem_models.networks.pooled_norm import held_statistics

SAMPLED_PIXELS = 1536 * 1024
"""Pixels that go through the network at once: a usual frame as a whole, about 1.5 GB with 64 full-size features."""
_EDGE = 256
"""Edge of a piece: smaller ones are spread better, but more of their pixels lie near an edge that the image lacks."""
_FEWEST_PIXELS = 32 * 32


@contextmanager
def image_statistics(model: UnitModel, source: TileSource, device: torch.device, pixels: int) -> Iterator[int]:
    """Make every instance norm use statistics of the whole image inside the block, from pieces of it in one batch.

    Args:
        model: A model on `device`.
        source: The image.
        device: Where the pieces go.
        pixels: Most pixels of all pieces together.

    Yields:
        How many pixels fitted into the memory: `pixels` or fewer.

    Raises:
        OutOfMemory: Not even one small piece fits.
    """
    while True:
        # Each attempt starts afresh: one that fails half-way leaves statistics of the first layers behind.
        with held_statistics():
            if _fits(model, source, device, pixels):
                yield pixels
                return
        if pixels < _FEWEST_PIXELS:
            raise OutOfMemory(1)
        pixels = min(pixels, source.height * source.width) // 2


def _fits(model: UnitModel, source: TileSource, device: torch.device, pixels: int) -> bool:
    """Run the model on the pieces; returns False if memory runs out."""
    pieces = spread_pieces(source.height, source.width, pixels, model.capabilities.size_multiple)
    try:
        run_batch(model, np.stack([source.tile(rows, columns) for rows, columns in pieces]), device)
    except OutOfMemory:
        return False
    return True


def spread_pieces(height: int, width: int, pixels: int, multiple: int) -> list[tuple[Span, Span]]:
    """Return rows and columns of equal pieces, spread evenly over an image, or all of it if it has at most `pixels`."""
    if height * width <= pixels:
        return [(_whole(height, multiple), _whole(width, multiple))]
    edge = max(min(_EDGE, isqrt(pixels)) // multiple, 1) * multiple
    high, wide = min(edge, _whole(height, multiple).size), min(edge, _whole(width, multiple).size)
    count = max(pixels // (high * wide), 1)
    # As many pieces per pixel down as across, unless one axis is fully covered first.
    most_down, most_across = -(-height // high), -(-width // wide)
    down = min(max(round((count * most_down / most_across) ** 0.5), 1), most_down, count)
    across = min(count // down, most_across)
    down = min(count // across, most_down)
    columns = _spread(width, wide, across, multiple)
    return [(row, column) for row in _spread(height, high, down, multiple) for column in columns]


def _whole(length: int, multiple: int) -> Span:
    return Span(0, -(-length // multiple) * multiple)


def _spread(length: int, size: int, count: int, multiple: int) -> list[Span]:
    """Centre a span in each of `count` equal parts of an axis, moved so that it stays inside the image."""
    middles: NDArray[np.float64] = (np.arange(count) + 0.5) * length / count
    starts = np.clip(middles - size / 2, 0, max(length - size, 0)) // multiple * multiple
    return [Span(int(start), size) for start in starts]
