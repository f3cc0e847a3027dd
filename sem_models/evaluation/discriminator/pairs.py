"""What a discriminator test is asked about."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Pair:
    """A real image and a generated one that should look like it."""

    real: NDArray[np.float32]
    """(H, W) in unit intensity."""
    generated: NDArray[np.float32]
    """The same shape."""
    image: str
    group: str
    judged: bool = True
    """False: only for training judges, because the generator itself has learned from it."""


def patch_grid(image: Tensor, size: int, most: int) -> Tensor:
    """Patches of an (H, W) image that do not overlap, in the middle of it; the last `H % size` rows are left out.

    Returns:
        (P, 1, size, size); where the grid has more than `most`, that many spread evenly over it. None of an image that
        is smaller than a patch.
    """
    height, width = (length // size * size for length in image.shape)
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    inner = image[top : top + height, left : left + width]
    tiles = inner.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, 1, size, size)
    if len(tiles) <= most:
        return tiles
    return tiles[torch.linspace(0, len(tiles) - 1, most).round().long()]
