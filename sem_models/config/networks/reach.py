"""Arithmetic of receptive fields: which input pixels an output pixel depends on, across grids of several sizes."""

from collections.abc import Callable

from sem_models.config.degradation import PROJECTIONS

Interval = tuple[int, int]
"""First and last pixel along one axis, both included."""


def halved_from(wanted: Interval) -> Interval:
    """Return the fine pixels that `halve` reads for an interval of coarse ones."""
    return 2 * wanted[0] - 1, 2 * wanted[1] + 2


def blocks_of_two(wanted: Interval) -> Interval:
    """Return the fine pixels that pooling, or a convolution of size and stride 2, reads for coarse ones."""
    return 2 * wanted[0], 2 * wanted[1] + 1


def doubled_from(wanted: Interval) -> Interval:
    """Return the coarse pixels that a doubling (nearest, pixel shuffle, transposed 2 x 2) reads for fine ones."""
    return wanted[0] // 2, wanted[1] // 2


def widened(wanted: Interval, reach: int) -> Interval:
    """Extend an interval by `reach` pixels on each side, which is what convolutions read."""
    return wanted[0] - reach, wanted[1] + reach


def farthest(multiple: int, needed: Callable[[Interval], Interval]) -> int:
    """Return the largest distance that `needed` reads, over all positions of a pixel in a cell of `multiple` pixels."""
    reach = 0
    for place in range(multiple):
        first, last = needed((place, place))
        reach = max(reach, place - first, last - place)
    return reach


def doublings(scale: int) -> int:
    """Return the number of doublings for a scale that is a power of two."""
    return scale.bit_length() - 1


def nearest_halo(scale: int, reach: int) -> int:
    """Convert `reach` from output to input pixels through nearest doublings, each with a 3 x 3 convolution."""
    for _ in range(doublings(scale)):
        reach = -(-(reach + 1) // 2)
    return reach


def shuffle_halo(scale: int, reach: int) -> int:
    """Convert `reach` from output to input pixels through 3 x 3 convolutions, each with a pixel shuffle."""
    for _ in range(doublings(scale)):
        reach = -(-reach // 2) + 1
    return reach


def cubic_halo(scale: int, reach: int = 0) -> int:
    """Return how many input pixels on each side `upsample` reads for an output pixel and neighbours within `reach`.

    An output pixel lies at most 1/2 - 1/(2 scale) from the centre of its input pixel, and the cubic reaches 2 input
    pixels further, where it is zero. The last input pixel with any weight is therefore
    ceil((reach - 1/2) / scale + 3/2) away.
    """
    if scale == 1:
        return reach
    return -(-(2 * reach - 1 + 3 * scale) // (2 * scale))


def projected_halo(scale: int) -> int:
    """Return an upper bound of what back-projection adds to the halo of an enlargement, in input pixels.

    Each pass reads both cubics; their phases add 2 px at most.
    """
    return PROJECTIONS * (cubic_halo(scale) + 2)
