"""Which tiles an image is cut into: pure arithmetic, no pixels."""

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
    """Equal spans that cover `length` pixels.

    Args:
        length: Pixels of the image along this axis.
        tile: Wanted size of a tile.
        overlap: Pixels that neighbours share at least: twice the halo and the width of the blend.
        multiple: Of which sizes and starts are multiples, so that a network that strides sees in every tile the grid
            that it sees in the whole image.

    Returns:
        Spans of one size; only the last reaches beyond the image, by less than one multiple.
    """
    whole, shared = _units(length, multiple), _units(overlap, multiple)
    size = min(max(_units(tile, multiple), shared + 1), whole)
    if size == whole:
        return (Span(0, whole * multiple),)
    count = 1 + _units(whole - size, size - shared)
    # The same number of smaller tiles covers the axis with no more overlap than is needed.
    size = _units(whole + (count - 1) * shared, count)
    # Integers throughout: a start that is rounded the wrong way would cost overlap.
    starts = [(index * (whole - size) + (count - 1) // 2) // (count - 1) for index in range(count)]
    return tuple(Span(start * multiple, size * multiple) for start in starts)


def _units(length: int, unit: int) -> int:
    """How many units cover a length."""
    return -(-length // unit)
