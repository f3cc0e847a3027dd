"""Pictures of validation images for people."""

import numpy as np
from numpy.typing import NDArray

PANEL_PIXELS = 512


def picture(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The centre of (C, H, W) as (H, W, 3) of the first three channels, or as (H, W) of the first of fewer.

    A mean over channels would show a contrast that no microscope gives, and of a stack one that nobody knows.
    """
    top, left = (max((size - PANEL_PIXELS) // 2, 0) for size in image.shape[1:])
    centre = image[:, top : top + PANEL_PIXELS, left : left + PANEL_PIXELS]
    return centre[:3].transpose(1, 2, 0) if len(image) >= 3 else centre[0]
