"""Clipped pixels: black and white ones, of which only a bound of the true grey level was recorded."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_clipped(image: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the pixels at the smallest or the largest value of an image of any shape and dtype, as a mask.

    An unclipped image has one or a few of them; whether an image is clipped is told by their share.
    """
    mask: NDArray[np.bool_] = (image <= image.min()) | (image >= image.max())
    return mask
