"""Which tiles an image is cut into: pure arithmetic, no pixels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """One tile along one axis, in input pixels."""

    start: int
    """First pixel that is read; negative or beyond the end where the image must be padded."""
    size: int


def plan_axis(length: int, tile: int, overlap: int, multiple: int) -> tuple[Span, ...]:
    """Equal spans that cover `length` pixels.

    Args:
        length: Pixels of the image along this axis.
        tile: Wanted size of a tile.
        overlap: Pixels that neighbours share at least: twice the halo and the width of the blend.
        multiple: Sizes must be multiples of this.

    Returns:
        Spans of one size, a multiple of `multiple`; a single span may reach beyond the image, several never do
        unless the image is smaller than one tile.
    """
    size = _round_up(min(max(tile, overlap + multiple), length), multiple)
    if size >= length:
        return (Span(0, size),)
    count = 1 + -(-(length - size) // (size - overlap))
    # The same number of smaller tiles covers the axis with no more overlap than is needed.
    size = _round_up(-(-(length + (count - 1) * overlap) // count), multiple)
    starts = [round(index * (length - size) / (count - 1)) for index in range(count)]
    return tuple(Span(start, size) for start in starts)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
