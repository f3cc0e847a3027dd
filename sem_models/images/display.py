"""Display windows: how grey values become screen greys. For looking only; data never pass through here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sem_models.images.micrograph import Pixels


@dataclass(frozen=True)
class DisplayWindow:
    """Native values shown as black and white."""

    lo: float
    hi: float


def display_window(panels: Sequence[Pixels], low_percent: float = 0.5, high_percent: float = 99.5) -> DisplayWindow:
    """One window for all panels that are looked at together, from the percentiles of the first.

    The first panel rules, so that a restored image is never flattered by a stretch of its own.
    """
    lo, hi = (float(value) for value in np.percentile(panels[0], (low_percent, high_percent)))
    if not hi > lo:
        lo, hi = float(panels[0].min()), float(panels[0].max())
    return DisplayWindow(lo, hi if hi > lo else lo + 1.0)


def to_display(pixels: Pixels, window: DisplayWindow) -> NDArray[np.uint8]:
    """(H, W) or (H, W, 3) uint8 for a screen; a single channel axis is dropped."""
    grey = (pixels.astype(np.float64) - window.lo) / (window.hi - window.lo)
    screen = np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)
    return screen[..., 0] if screen.ndim == 3 and screen.shape[2] == 1 else screen
