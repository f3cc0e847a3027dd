"""Numbers as messages of pipelines and pages write them."""

from collections.abc import Mapping
from math import floor, isfinite, log10
from typing import Any

from sem_models.counts import counted

__all__ = ["counted", "dose_text", "dtype_text", "gain_text"]
_DTYPES = {
    "uint8": "8 bit",
    "uint16": "16 bit",
    "int16": "16 bit, signed",
    "uint32": "32 bit",
    "float32": "32 bit, floating point",
}
_LARGE_DOSE_E_PER_PX = 10_000
"""Beyond, the noise of a recording is hardly seen, and an estimate from one image is uncertain."""


def gain_text(gain: Mapping[str, Any]) -> str:
    """Write a mean difference in dB with its interval: `+1.20 dB, 95 % interval +0.80 to +1.60 dB, 9 images`.

    Args:
        gain: `mean`, `lo`, `hi` and `n`, as in stored results; limits that are NaN or None say that there were too few
            specimens.
    """
    known = gain["lo"] is not None and isfinite(gain["lo"])
    limits = (
        f"95 % interval {gain['lo']:+.2f} to {gain['hi']:+.2f} dB" if known else "too few specimens for an interval"
    )
    return f"{gain['mean']:+.2f} dB, {limits}, {counted(gain['n'], 'image')}"


def dtype_text(dtype: str) -> str:
    """Write a data type as microscopists do, `16 bit` for `uint16`; a rarer one as it is."""
    return _DTYPES.get(dtype, dtype)


def dose_text(e_per_px: float) -> str:
    """Write a dose with two digits: `about 15 electrons per pixel`."""
    if e_per_px > _LARGE_DOSE_E_PER_PX:
        return f"more than {_LARGE_DOSE_E_PER_PX:,} electrons per pixel"
    digits = 1 - floor(log10(e_per_px))
    number = f"{round(e_per_px, digits):,.{max(digits, 0)}f}"
    return f"about {number} electrons per pixel"
