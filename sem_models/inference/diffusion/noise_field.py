"""Noise that belongs to places: whoever cuts a tile out of an image gets the noise of that tile, and no other.

The plane is divided into blocks; each is drawn by a generator of its own, from the seed and the place of the block. So
tiles agree wherever they overlap, none is a copy of another, and no image has to be held whole.
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
    """(C, H, W) standard normal numbers of a window of an endless field.

    Args:
        place: Its upper left corner; not negative.
        size: Height and width in px.
        channels: C.
        key: Of the field, such as seed and number of the sample; not negative.
        device: Where the result goes; it is drawn on the host, so that every device gets the same.
    """
    rows, columns = (
        range(start // _EDGE, -(-(start + length) // _EDGE)) for start, length in zip(place, size, strict=True)
    )
    blocks = torch.cat([torch.cat([_block(row, column, channels, key) for column in columns], 2) for row in rows], 1)
    top, left = (start % _EDGE for start in place)
    return blocks[:, top : top + size[0], left : left + size[1]].to(device)


def _block(row: int, column: int, channels: int, key: Sequence[int]) -> Tensor:
    seed = int(np.random.SeedSequence([*key, row, column]).generate_state(1, np.uint64)[0])
    # Beyond 63 bits a generator takes no seed.
    return normal((channels, _EDGE, _EDGE), torch.Generator().manual_seed(seed >> 1), torch.device("cpu"))
