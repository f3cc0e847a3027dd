"""Noise that is a function of position, so that a tile gets the same noise as that part of the whole image.

The plane is divided into blocks, each with its own random generator, seeded by the key and the position of the block.
Tiles therefore agree wherever they overlap, none repeats another, and the noise of a whole image is never in memory.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sem_models.inference.diffusion.noise_schedule import normal
from sem_models.inference.model import Place

_EDGE = 64


ORIGIN = Place(0, 0)


def noise_at(place: Place, size: tuple[int, int], channels: int, key: Sequence[int], device: torch.device) -> Tensor:
    """Return (C, H, W) standard normal numbers of a window of an endless field.

    Args:
        place: Upper left corner of the window; not negative.
        size: Height and width in px.
        channels: Number of channels, C.
        key: Identifies the field, for instance seed and number of the sample; not negative.
        device: Device of the result; the noise is drawn on the CPU, so that every device gets the same.
    """
    rows, columns = (
        range(start // _EDGE, -(-(start + length) // _EDGE)) for start, length in zip(place, size, strict=True)
    )
    blocks = torch.cat([torch.cat([_block(row, column, channels, key) for column in columns], 2) for row in rows], 1)
    top, left = (start % _EDGE for start in place)
    return blocks[:, top : top + size[0], left : left + size[1]].to(device)


def _block(row: int, column: int, channels: int, key: Sequence[int]) -> Tensor:
    seed = int(np.random.SeedSequence([*key, row, column]).generate_state(1, np.uint64)[0])
    # torch's generators take seeds of at most 63 bits.
    return normal((channels, _EDGE, _EDGE), torch.Generator().manual_seed(seed >> 1), torch.device("cpu"))
