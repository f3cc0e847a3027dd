"""Which tiles an image is cut into; nothing here touches pixels."""

from dataclasses import dataclass


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
        overlap: Least number of pixels that neighbours share: twice the halo plus the width of the blend.
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


def _units(length: int, unit: int) -> int:
    """Return how many units cover a length."""
    return -(-length // unit)
