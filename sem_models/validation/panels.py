"""Validation images as panels for people to look at."""

import numpy as np
from numpy.typing import NDArray

PANEL_PIXELS = 512


def picture(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the centre of (C, H, W): the first three channels as (H, W, 3), or the first one as (H, W) if fewer.

    The channels are not averaged, because that would show a contrast that no detector gives.
    """
    top, left = (max((size - PANEL_PIXELS) // 2, 0) for size in image.shape[1:])
    centre = image[:, top : top + PANEL_PIXELS, left : left + PANEL_PIXELS]
    return centre[:3].transpose(1, 2, 0) if len(image) >= 3 else centre[0]
