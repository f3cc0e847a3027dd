"""Grey values as codes of 8 or 16 bits, from which a browser gets the native values back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sem_models.images.micrograph import Pixels

Codes = NDArray[np.uint8] | NDArray[np.uint16]
_LARGEST = 65535
_BAND = 256


@dataclass(frozen=True)
class GreyCode:
    """Native grey value = `lo` + `step` x code."""

    lo: float = 0.0
    step: float = 1.0

    def values(self, codes: Codes) -> NDArray[np.float64]:
        """Return the native grey values of codes of any shape."""
        return self.lo + self.step * codes.astype(np.float64)


def encode(grey: Pixels) -> tuple[Codes, GreyCode]:
    """Return codes of (H, W) grey values, and what they mean.

    Integers that span at most 16 bits are coded exactly, and 8- and 16-bit ones not even copied. Others are rounded to
    1/65535 of their range. Values that are not finite get the lowest code.
    """
    if grey.dtype in (np.uint8, np.uint16):
        return grey, GreyCode()
    lo, hi = _range(grey)
    exact = grey.dtype.kind in "iu" and hi - lo <= _LARGEST
    code = GreyCode(lo, 1.0 if exact or hi == lo else (hi - lo) / _LARGEST)
    return quantised(grey, code), code


def quantised(grey: Pixels, code: GreyCode) -> NDArray[np.uint16]:
    """Round (H, W) grey values to 16-bit codes with a given meaning; what lies outside gets the first or last code."""
    codes = np.empty(grey.shape, np.uint16)
    for top in range(0, grey.shape[0], _BAND):
        band = (grey[top : top + _BAND].astype(np.float64) - code.lo) / code.step
        codes[top : top + _BAND] = np.rint(np.clip(np.nan_to_num(band), 0, _LARGEST))
    return codes


def _range(grey: Pixels) -> tuple[float, float]:
    """Find the lowest and highest finite value, in bands, so that no copy of the image is needed."""
    lows, highs = [], []
    for top in range(0, grey.shape[0], _BAND):
        band = grey[top : top + _BAND]
        finite = band if band.dtype.kind in "iu" else band[np.isfinite(band)]
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    return (min(lows), max(highs)) if lows else (0.0, 0.0)
