"""How far an output pixel sees: the arithmetic of receptive fields on one and on several grids."""

from collections.abc import Callable

Interval = tuple[int, int]
"""First and last pixel along one axis, both included."""


def halved_from(wanted: Interval) -> Interval:
    """The fine pixels that `halve` reads for an interval of coarse ones."""
    return 2 * wanted[0] - 1, 2 * wanted[1] + 2


def blocks_of_two(wanted: Interval) -> Interval:
    """The fine pixels that pooling or a convolution of size and stride 2 reads for an interval of coarse ones."""
    return 2 * wanted[0], 2 * wanted[1] + 1


def doubled_from(wanted: Interval) -> Interval:
    """The coarse pixels of which a doubling (nearest, shuffled, transposed 2 x 2) makes an interval of fine ones."""
    return wanted[0] // 2, wanted[1] // 2


def widened(wanted: Interval, reach: int) -> Interval:
    """With `reach` pixels more on each side: what convolutions read."""
    return wanted[0] - reach, wanted[1] + reach


def farthest(multiple: int, needed: Callable[[Interval], Interval]) -> int:
    """Pixels on each side that an output pixel can need, over all its places in a cell of `multiple` pixels."""
    reach = 0
    for place in range(multiple):
        first, last = needed((place, place))
        reach = max(reach, place - first, last - place)
    return reach


def doublings(scale: int) -> int:
    """How many doublings make the scale, a power of two."""
    return scale.bit_length() - 1


def nearest_halo(scale: int, reach: int) -> int:
    """Input pixels that `reach` pixels at the output need through nearest doublings with a 3 x 3 convolution each."""
    for _ in range(doublings(scale)):
        reach = -(-(reach + 1) // 2)
    return reach


def shuffle_halo(scale: int, reach: int) -> int:
    """Input pixels that `reach` pixels at the output need through 3 x 3 convolutions with a pixel shuffle each."""
    for _ in range(doublings(scale)):
        reach = -(-reach // 2) + 1
    return reach


def cubic_halo(scale: int, reach: int = 0) -> int:
    """Input pixels on each side that `upsample` needs for an output pixel and its neighbours up to `reach` away.

    An output pixel lies at most 1/2 - 1/(2 scale) from the centre of its input pixel and the cubic ends 2 input pixels
    further, where it is zero: the last input pixel with weight is ceil((reach - 1/2) / scale + 3/2) away.
    """
    if scale == 1:
        return reach
    return -(-(2 * reach - 1 + 3 * scale) // (2 * scale))
