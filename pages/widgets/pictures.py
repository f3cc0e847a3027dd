"""Micrographs as pictures for a browser, for viewing only."""

import numpy as np
from numpy.typing import NDArray


def with_cut_line(grey: NDArray[np.uint8], rows: int) -> NDArray[np.uint8]:
    """Turn (H, W) uint8 into (H, W, 3), with the lowest `rows` tinted and the cut drawn in red."""
    picture = np.repeat(grey[:, :, None], 3, axis=2)
    if rows:
        cut = grey.shape[0] - rows
        picture[cut:, :, 1:] = picture[cut:, :, 1:] // 2
        picture[max(cut - 2, 0) : cut] = (220, 40, 40)
    return picture
