"""Numbers as messages of pipelines and pages write them."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from sem_models.counts import counted

__all__ = ["counted", "gain_text"]


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
