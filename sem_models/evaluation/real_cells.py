"""Real against real: cells of each real image, dealt to two sides by chance, for a discriminator test without answer.

Two halves of an image would not do: shading and drift make left differ from right in all images of a field alike, so
that a test with few groups answers chance itself. Cells of both sides lie among one another in every image.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sem_models.evaluation.pair import Pair

_ROOM = 1.5
"""Edge of a cell in the smallest that can be judged: patches need places to be drawn from."""


def dealt_cells(pairs: Sequence[Pair], smallest_px: int, seed: int) -> list[Pair]:
    """Neighbouring cells of each real image, one called real and one called generated, under the name of the image.

    Of the twos of an image half are called the other way round, so that shading cancels; which ones is left to chance.
    Nothing tells the sides apart: a sound test gives 0.5 within its interval.

    Args:
        pairs: Whose real images are cut; where a side has no room for two cells the image is cut in two across it.
        smallest_px: Edge that a cell needs at least.
        seed: Of the deal, which is another one for each image.
    """
    rng = np.random.default_rng(seed)
    return [part for pair in pairs for part in _dealt(pair, smallest_px, rng)]


def _dealt(pair: Pair, smallest_px: int, rng: np.random.Generator) -> list[Pair]:
    twos = _neighbours(pair.real, smallest_px)
    # Of an odd number one is left over, which chance may turn as well.
    turned = rng.permutation(len(twos)) < (len(twos) + rng.integers(2)) // 2
    return [
        Pair(*(two[::-1] if turn else two), pair.image, pair.group, pair.judged)
        for two, turn in zip(twos, turned, strict=True)
    ]


def _neighbours(image: NDArray[np.float32], smallest_px: int) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Cells side by side along the longer side of the image."""
    if image.shape[0] > image.shape[1]:
        return [(one.T, other.T) for one, other in _neighbours(image.T, smallest_px)]
    rows, columns = (int(length // (_ROOM * smallest_px)) for length in image.shape)
    rows, columns = max(rows, 1), max(columns // 2 * 2, 2)
    height, width = image.shape[0] // rows, image.shape[1] // columns
    cells = [
        [image[row * height : (row + 1) * height, column * width : (column + 1) * width] for column in range(columns)]
        for row in range(rows)
    ]
    return [(line[at], line[at + 1]) for line in cells for at in range(0, columns, 2)]
