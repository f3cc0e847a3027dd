"""Networks that work on several grids: anti-aliased halving, and how far an output pixel then sees."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

_TAPS = (1 / 8, 3 / 8, 3 / 8, 1 / 8)
Interval = tuple[int, int]
"""First and last pixel along one axis, both included."""


def halve(x: Tensor) -> Tensor:
    """(N, C, H, W) of even size to (N, C, H / 2, W / 2): the binomial (1 2 1) / 4, then the mean of each 2 x 2 block.

    Both in one pass with the taps (1 3 3 1) / 8 a side, which do not shift the image; edges are repeated outwards.
    """
    channels = x.shape[1]
    taps = torch.tensor(_TAPS, dtype=x.dtype, device=x.device)
    kernel = (taps[:, None] * taps[None, :]).expand(channels, 1, 4, 4)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, stride=2, groups=channels)


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
