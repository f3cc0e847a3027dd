"""Noise that is a function of position, so that an image of another size begins with the same noise at each place.

The plane is divided into blocks, each with its own random generator, seeded by the key and the position of the block.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sem_models.inference.diffusion.noise_schedule import normal

_EDGE = 64


def noise_field(size: tuple[int, int], channels: int, key: Sequence[int]) -> Tensor:
    """Return (C, H, W) standard normal numbers, the upper left corner of an endless field.

    Args:
        size: Height and width in px.
        channels: Number of channels, C.
        key: Identifies the field, for instance seed and number of the sample; not negative.
    """
    rows, columns = (range(-(-length // _EDGE)) for length in size)
    blocks = torch.cat([torch.cat([_block(row, column, channels, key) for column in columns], 2) for row in rows], 1)
    return blocks[:, : size[0], : size[1]]


def _block(row: int, column: int, channels: int, key: Sequence[int]) -> Tensor:
    seed = int(np.random.SeedSequence([*key, row, column]).generate_state(1, np.uint64)[0])
    # torch's generators take seeds of at most 63 bits. Drawn on the CPU, so that every device gets the same.
    return normal((channels, _EDGE, _EDGE), torch.Generator().manual_seed(seed >> 1), torch.device("cpu"))
