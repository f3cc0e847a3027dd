"""Conversion of grey values to screen greys, for display only. Data that are processed or stored never pass through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sem_models.images.micrograph import Pixels


@dataclass(frozen=True)
class DisplayWindow:
    """The native grey values that are displayed as black (`lo`) and white (`hi`)."""

    lo: float
    hi: float


def display_window(panels: Sequence[Pixels], low_percent: float = 0.5, high_percent: float = 99.5) -> DisplayWindow:
    """Compute one window for all panels that are viewed together, from percentiles of the first panel.

    All panels share it, so that no restored image looks better merely because its contrast was stretched.
    """
    lo, hi = (float(value) for value in np.percentile(panels[0], (low_percent, high_percent)))
    if not hi > lo:
        lo, hi = float(panels[0].min()), float(panels[0].max())
    return DisplayWindow(lo, hi if hi > lo else lo + 1.0)


def to_display(pixels: Pixels, window: DisplayWindow) -> NDArray[np.uint8]:
    """Convert native values to uint8 for a screen, (H, W) or (H, W, 3). The axis of a single channel is dropped."""
    grey = (pixels.astype(np.float64) - window.lo) / (window.hi - window.lo)
    screen = np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)
    return screen[..., 0] if screen.ndim == 3 and screen.shape[2] == 1 else screen


_PALETTE = np.array(
    [
        (68, 68, 68), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0),
        (204, 121, 167), (150, 75, 0), (170, 220, 50), (120, 94, 240), (255, 176, 200), (0, 200, 200), (140, 140, 0),
        (200, 60, 60), (255, 255, 255),
    ],
    np.uint8,
)  # fmt: skip
"""Class 0 in grey, then the colours of Okabe and Ito (2008), which colour-blind readers can distinguish as well."""
DISTINCT = len(_PALETTE)
"""How many classes have colours of their own."""


def coloured(classes: NDArray[Any]) -> NDArray[np.uint8]:
    """Colour (H, W) class indices as an (H, W, 3) uint8 image."""
    picture: NDArray[np.uint8] = _PALETTE[classes % len(_PALETTE)]
    return picture


def classes_of_colours(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the (H, W) uint8 class indices that `coloured` drew, or None if there are other colours.

    Colours repeat after `DISTINCT` classes, so that class 16 is taken for class 0.
    """
    same = (picture[:, :, None, :] == _PALETTE).all(axis=-1)
    return same.argmax(axis=-1).astype(np.uint8) if same.any(axis=-1).all() else None


Picture = NDArray[np.uint8]
_YELLOW = (255, 214, 0)
_DOT_PX = 3


def composite(first: NDArray[Any], second: NDArray[Any]) -> Picture:
    """Combine two (H, W) images of any dtype into (H, W, 3) uint8: `first` in magenta, `second` in green.

    Each is stretched between its own percentiles, and the second is inverted if the two are negatively correlated.
    Aligned structures therefore appear grey and misaligned ones coloured.
    """
    magenta, green = _stretched(first), _stretched(second)
    if np.corrcoef(magenta.ravel(), green.ravel())[0, 1] < 0:
        green = 255 - green
    return np.stack([magenta, green, magenta], axis=2)


def with_arrows(picture: Picture, arrows: Iterable[tuple[float, float, float, float]]) -> Picture:
    """Draw displacement vectors on an (H, W, 3) uint8 image, each with a dot at its origin.

    Args:
        picture: The image.
        arrows: Origin (row, column) and displacement (down, right) of each vector, in px.
    """
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
