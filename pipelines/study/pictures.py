"""Pictures that differ in nothing but what they show: one grey mapping, one encoder, one length in bytes."""

import io
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sem_models.images.display import DisplayWindow, display_window, to_display

_MOSAIC = 8
"""Blocks along an edge of a wrecked picture: nobody who looks takes it for a micrograph."""


def to_levels(crop: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(C, H, W) unit intensity to (H, W) or (H, W, 3) with 256 levels.

    Real images of 8 bit had no more to begin with; without it the number of levels would tell them from outputs.
    """
    return to_display(crop.transpose(1, 2, 0), DisplayWindow(0.0, 1.0))


def stretch(real: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The table of 256 screen greys for all pictures of a study, from percentiles of the real ones taken together.

    A window for each picture would show how its own histogram ends.
    """
    pooled = np.concatenate([levels.ravel() for levels in real])
    return to_display(np.arange(256), display_window([pooled]))


def wreck(crop: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C, H, W) as a mosaic of block means, for catch trials."""
    wrecked = crop.copy()
    for rows in np.array_split(np.arange(crop.shape[1]), _MOSAIC):
        for columns in np.array_split(np.arange(crop.shape[2]), _MOSAIC):
            block = slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            wrecked[block] = crop[block].mean(axis=(1, 2), keepdims=True)
    return wrecked


def encode(levels: NDArray[np.uint8], table: NDArray[np.uint8]) -> bytes:
    """PNG without metadata and without compression: a smooth picture would be the shorter file."""
    buffer = io.BytesIO()
    Image.fromarray(table[levels]).save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()
