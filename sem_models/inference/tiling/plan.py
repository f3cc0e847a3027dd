"""Which tiles an image is cut into; nothing here touches pixels."""

from dataclasses import dataclass

_LARGEST_EXCESS = 1.1
_SMALLEST = 256 * 256
_SHORTEST = 64
"""Edges and areas of tiles below these, in px, are not worth a call of the network, unless memory demands it."""


@dataclass(frozen=True)
class Span:
    """One tile along one axis, in input pixels."""

    start: int
    """First pixel that is read."""
    size: int
    """Pixels that are read; the last span may reach beyond the end, where the image is padded."""

    @property
    def stop(self) -> int:
        """First pixel after the tile."""
        return self.start + self.size


def plan_axis(length: int, tile: int, overlap: int, multiple: int) -> tuple[Span, ...]:
    """Plan equal spans that cover `length` pixels.

    Args:
        length: Pixels of the image along this axis.
        tile: Desired size of a tile in px.
        overlap: Least number of pixels that neighbours share: twice the halo plus the width of a blend, if any.
        multiple: Sizes and starts are multiples of this, so that the strides of a network fall on the same grid in
            every tile as in the whole image.

    Returns:
        Spans of one size; only the last reaches beyond the image, by less than one multiple.
    """
    whole, shared = _units(length, multiple), _units(overlap, multiple)
    size = min(max(_units(tile, multiple), shared + 1), whole)
    if size == whole:
        return (Span(0, whole * multiple),)
    count = 1 + _units(whole - size, size - shared)
    # As many smaller tiles cover the axis without more overlap than needed.
    size = _units(whole + (count - 1) * shared, count)
    # Integer arithmetic: a start rounded the wrong way would reduce the overlap.
    starts = [(index * (whole - size) + (count - 1) // 2) // (count - 1) for index in range(count)]
    return tuple(Span(start * multiple, size * multiple) for start in starts)


def best_tile(size: tuple[int, int], overlap: int, multiple: int, most_pixels: int) -> tuple[int, int]:
    """Choose the tiles that an image is computed in.

    Large tiles waste little on their overlaps; small ones take less memory and show progress more often. The smallest
    tile is chosen with which all tiles together have at most 1.1 times the pixels of the image, or the one with the
    fewest pixels in all where memory does not allow that.

    Args:
        size: Height and width of the image in px.
        overlap: See `plan_axis`.
        multiple: See `plan_axis`.
        most_pixels: Largest number of pixels of a tile.

    Returns:
        Height and width of a tile in px, to be given to `plan_axis`.
    """
    plans = [
        (down.size * across.size, rows * down.size * columns * across.size, (down.size, across.size))
        for rows, down in _choices(size[0], overlap, multiple)
        for columns, across in _choices(size[1], overlap, multiple)
    ]
    fitting = [plan for plan in plans if plan[0] <= most_pixels] or [min(plans)]
    image = size[0] * size[1]
    thrifty = [plan for plan in fitting if plan[1] <= _LARGEST_EXCESS * image and plan[0] >= min(_SMALLEST, image)]
    return (min(thrifty) if thrifty else min(fitting, key=lambda plan: plan[1]))[2]


def _choices(length: int, overlap: int, multiple: int) -> list[tuple[int, Span]]:
    """Return numbers of tiles along an axis, each with the first of them; their sizes fall by a fifth at a time."""
    found = {}
    tile = float(length)
    while tile > max(overlap + multiple, _SHORTEST):
        spans = plan_axis(length, int(tile), overlap, multiple)
        found[len(spans)] = spans[0]
        tile *= 0.8
    smallest = plan_axis(length, max(overlap + multiple, _SHORTEST), overlap, multiple)
    return [*found.items(), (len(smallest), smallest[0])]


def _units(length: int, unit: int) -> int:
    """Return how many units cover a length."""
    return -(-length // unit)
