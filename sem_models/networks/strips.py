"""Parts of a network, strip by strip, because their features would take most of the memory of a prediction."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

STRIPS = 12
_SHORTEST = 64
"""Rows of a strip, at least: shorter ones would consist of what they read of their neighbours."""


def predicts() -> bool:
    """Whether PyTorch computes a prediction: nothing is kept for a gradient, and no other program will compute it."""
    return torch.is_inference_mode_enabled() and not torch.compiler.is_exporting()


def by_strips(part: Callable[..., Tensor], *features: Tensor, reach: int) -> Tensor:
    """Apply a part of a network in about twelve strips of rows.

    The result is that for all rows at once, except for rounding. Only predictions do this: a gradient would need all
    features, and another program plans its memory itself.

    Args:
        part: Maps `features` to (N, C', H x scale, W x scale).
        features: (N, C, H, W), the coarsest first; the heights of the others are multiples of its height.
        reach: Rows of the coarsest on each side that an output row depends on.
    """
    height = features[0].shape[2]
    rows = max(-(-height // STRIPS), _SHORTEST)
    if not predicts() or rows + 2 * reach >= height:
        return part(*features)
    strips = (_strip(part, features, top, min(top + rows, height), reach) for top in range(0, height, rows))
    strip, scale = next(strips)
    whole = _empty(strip, height * scale)
    whole[:, :, : strip.shape[2]], done = strip, strip.shape[2]
    for strip, _ in strips:
        whole[:, :, done : done + strip.shape[2]] = strip
        done += strip.shape[2]
    return whole


def _empty(strip: Tensor, height: int) -> Tensor:
    """Return memory for all rows, in the format of one strip of them."""
    fast = strip.shape[1] > 1 and strip.stride(1) == 1
    form = torch.channels_last if fast else torch.contiguous_format
    n, channels, _, width = strip.shape
    return torch.empty(n, channels, height, width, dtype=strip.dtype, device=strip.device, memory_format=form)


def _strip(
    part: Callable[..., Tensor], features: Sequence[Tensor], top: int, bottom: int, reach: int
) -> tuple[Tensor, int]:
    """Return some rows of the output, and how many there are for each row of the coarsest features."""
    first, last = max(top - reach, 0), min(bottom + reach, features[0].shape[2])
    scales = [one.shape[2] // features[0].shape[2] for one in features]
    found = part(*(one[:, :, first * scale : last * scale] for one, scale in zip(features, scales, strict=True)))
    scale = found.shape[2] // (last - first)
    return found[:, :, (top - first) * scale : (bottom - first) * scale], scale
