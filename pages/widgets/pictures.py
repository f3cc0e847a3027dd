"""Micrographs as pictures for a browser, for viewing only."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sem_models.images.display import DisplayWindow, to_display


def data_url(pixels: NDArray[Any], window: DisplayWindow) -> str:
    """Encode (H, W) pixels in a display window as a PNG data URL for an `img` element."""
    buffer = io.BytesIO()
    Image.fromarray(to_display(pixels, window)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def with_cut_line(grey: NDArray[np.uint8], rows: int) -> NDArray[np.uint8]:
    """Turn (H, W) uint8 into (H, W, 3), with the lowest `rows` tinted and the cut drawn in red."""
    picture = np.repeat(grey[:, :, None], 3, axis=2)
    if rows:
        cut = grey.shape[0] - rows
        picture[cut:, :, 1:] = picture[cut:, :, 1:] // 2
        picture[max(cut - 2, 0) : cut] = (220, 40, 40)
    return picture


def enlarge(pixels: NDArray[Any], scale: int) -> NDArray[Any]:
    """Repeat each pixel `scale` times along both axes of (H, W)."""
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)
