"""Micrographs as pictures for a browser. For looking only."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sem_models.images.display import DisplayWindow, to_display


def data_url(pixels: NDArray[Any], window: DisplayWindow) -> str:
    """A PNG of (H, W) pixels in a display window, as text for an `img` element."""
    buffer = io.BytesIO()
    Image.fromarray(to_display(pixels, window)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def with_cut_line(grey: NDArray[np.uint8], rows: int) -> NDArray[np.uint8]:
    """(H, W) uint8 to (H, W, 3), the lowest `rows` tinted and the cut drawn in red."""
    picture = np.repeat(grey[:, :, None], 3, axis=2)
    if rows:
        cut = grey.shape[0] - rows
        picture[cut:, :, 1:] = picture[cut:, :, 1:] // 2
        picture[max(cut - 2, 0) : cut] = (220, 40, 40)
    return picture


def enlarge(pixels: NDArray[Any], scale: int) -> NDArray[Any]:
    """Each pixel repeated `scale` times along both axes of (H, W)."""
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)
