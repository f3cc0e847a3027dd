"""Padding of images that are smaller than what a network takes."""

from torch import Tensor
from torch.nn import functional as F


def padded_to(x: Tensor, height: int, width: int) -> Tensor:
    """Pad (N, C, H, W) at the bottom and on the right: by reflection as far as that goes, then by replication."""
    for mode in ("reflect", "replicate"):
        missing = height - x.shape[-2], width - x.shape[-1]
        if not any(missing):
            break
        down, right = missing
        if mode == "reflect":
            down, right = min(down, x.shape[-2] - 1), min(right, x.shape[-1] - 1)
        x = F.pad(x, (0, right, 0, down), mode)
    return x
