"""Two images of one field over each other. For looking only."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Picture = NDArray[np.uint8]
_YELLOW = (255, 214, 0)
_DOT_PX = 3


def composite(first: NDArray[Any], second: NDArray[Any]) -> Picture:
    """(H, W) images, any dtype, to (H, W, 3) uint8: `first` in magenta, `second` in green.

    Each is stretched by its own percentiles, and the second turned to its negative where the two contrasts are opposed,
    so that what lies in one place is grey and what does not is coloured.
    """
    magenta, green = _stretched(first), _stretched(second)
    if np.corrcoef(magenta.ravel(), green.ravel())[0, 1] < 0:
        green = 255 - green
    return np.stack([magenta, green, magenta], axis=2)


def with_arrows(picture: Picture, arrows: Iterable[tuple[float, float, float, float]]) -> Picture:
    """Lines from (row, column) by (down, right) px, with a dot at their foot, on (H, W, 3) uint8."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for row, column, down, right in arrows:
        draw.line((column, row, column + right, row + down), fill=_YELLOW, width=2)
        draw.ellipse((column - _DOT_PX, row - _DOT_PX, column + _DOT_PX, row + _DOT_PX), fill=_YELLOW)
    return np.asarray(image)


def _stretched(image: NDArray[Any]) -> Picture:
    lo, hi = np.percentile(image, (1, 99))
    picture: Picture = np.rint(255 * np.clip((image - lo) / max(hi - lo, 1e-9), 0, 1)).astype(np.uint8)
    return picture
