"""Tiles of a pyramid as bytes."""

import zlib

from pipelines.viewing.codes import Codes
from pipelines.viewing.pyramid import Pyramid

TILE_PX = 512
OVERLAP_PX = 1
"""Tiles repeat this much of their neighbours, as those of Deep Zoom do, so that smoothing leaves no seams."""


def tile(pyramid: Pyramid, level: int, column: int, row: int) -> Codes:
    """Cut a tile out of a level; (h, w), smaller at the edges.

    Raises:
        LookupError: There is no such tile.
    """
    levels = pyramid.levels
    if not 0 <= level < len(levels) or min(column, row) < 0:
        raise LookupError
    top, left = row * TILE_PX, column * TILE_PX
    codes = levels[level]
    if top >= codes.shape[0] or left >= codes.shape[1]:
        raise LookupError
    rows = slice(max(0, top - OVERLAP_PX), top + TILE_PX + OVERLAP_PX)
    return codes[rows, max(0, left - OVERLAP_PX) : left + TILE_PX + OVERLAP_PX]


def tile_bytes(codes: Codes) -> bytes:
    """Write codes as bytes, row by row; of 16-bit codes all high bytes come first, because these compress well."""
    if codes.dtype.itemsize == 1:
        return codes.tobytes()
    return (codes >> 8).astype("u1").tobytes() + (codes & 255).astype("u1").tobytes()


def compressed(content: bytes) -> bytes:
    """Compress as `Content-Encoding: gzip` wants it, as fast as possible: the browser is mostly on the same network."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()
