"""Small pictures of raw pages, for a contact sheet."""

import io

import numpy as np
from PIL import Image

from sem_models.images.display import display_window, to_display
from sem_models.images.micrograph import Pixels

EDGE_PX = 320
"""Longer edge of a picture."""
_QUALITY = 80


def small_picture(pixels: Pixels, *, labels: bool = False) -> bytes:
    """Reduce (H, W, C) of any data type to a grey WebP picture with a longer edge of at most 320 px, data bar included.

    Grey values between the percentiles 0.5 and 99.5 are shown; several channels as their mean. Of label maps no values
    are averaged.
    """
    step = max(1, max(pixels.shape[:2]) // (EDGE_PX if labels else 3 * EDGE_PX))
    grey = pixels[::step, ::step].mean(axis=2, dtype=np.float64)
    window = display_window([grey], *((0, 100) if labels else (0.5, 99.5)))
    picture = Image.fromarray(to_display(grey, window))
    way = Image.Resampling.NEAREST if labels else Image.Resampling.BOX
    picture.thumbnail((EDGE_PX, EDGE_PX), way, reducing_gap=None)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=_QUALITY, lossless=labels)
    return file.getvalue()
