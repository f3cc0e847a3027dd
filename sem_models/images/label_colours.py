"""Label maps as pictures. For looking only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PALETTE = np.array(
    [
        (68, 68, 68), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0),
        (204, 121, 167), (150, 75, 0), (170, 220, 50), (120, 94, 240), (255, 176, 200), (0, 200, 200), (140, 140, 0),
        (200, 60, 60), (255, 255, 255),
    ],
    np.uint8,
)  # fmt: skip
"""Class 0 in grey, then the colours of Okabe and Ito (2008), which the colour-blind can tell apart too."""


def coloured(classes: NDArray[Any]) -> NDArray[np.uint8]:
    """(H, W) class indices to (H, W, 3) uint8."""
    picture: NDArray[np.uint8] = _PALETTE[classes % len(_PALETTE)]
    return picture


def overlay(grey: NDArray[np.uint8], classes: NDArray[Any], opacity: float = 0.4) -> NDArray[np.uint8]:
    """(H, W) uint8 screen greys under the colours of their classes; class 0 leaves the image as it is."""
    under = np.repeat(grey[:, :, None], 3, axis=2).astype(np.float32)
    mixed = (1 - opacity) * under + opacity * coloured(classes)
    return np.rint(np.where(classes[:, :, None] > 0, mixed, under)).astype(np.uint8)
