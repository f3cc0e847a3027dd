"""The end of an enlarging network, strip by strip: its features at output size would take most of the memory."""

from collections.abc import Callable

import torch
from torch import Tensor

STRIPS = 12
_SHORTEST = 8
"""Rows of a strip, at least: shorter ones would consist of what they read of their neighbours."""


def predicts() -> bool:
    """Whether PyTorch computes a prediction: nothing is kept for a gradient, and no other program will compute it."""
    return torch.is_inference_mode_enabled() and not torch.compiler.is_exporting()


def by_strips(end: Callable[[Tensor], Tensor], features: Tensor, reach: int) -> Tensor:
    """Apply the end of a network to (N, C, H, W) features in about twelve strips of rows.

    The result is that for all rows at once, except for rounding. Only predictions do this: a gradient would need all
    features, and another program plans its memory itself.

    Args:
        end: Maps features to (N, C', H x scale, W x scale).
        features: At input size.
        reach: Rows on each side that an output row depends on.
    """
    height = features.shape[2]
    rows = max(-(-height // STRIPS), _SHORTEST)
    if not predicts() or rows + 2 * reach >= height:
        return end(features)
    return torch.cat([_strip(end, features, top, min(top + rows, height), reach) for top in range(0, height, rows)], 2)


def _strip(end: Callable[[Tensor], Tensor], features: Tensor, top: int, bottom: int, reach: int) -> Tensor:
    first, last = max(top - reach, 0), min(bottom + reach, features.shape[2])
    part = end(features[:, :, first:last])
    scale = part.shape[2] // (last - first)
    return part[:, :, (top - first) * scale : (bottom - first) * scale]
