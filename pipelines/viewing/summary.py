"""What the display window of an image is chosen from: percentiles and a histogram of its grey values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.viewing.codes import Codes, GreyCode

_ENOUGH = 2_000_000
"""Pixels after which more would not move a percentile visibly."""
_MOST_BINS = 128
_PERCENT = np.array([0.5, 50, 99.5])
_MARGIN = 0.5


@dataclass(frozen=True)
class Summary:
    """Native grey values; taken from whole rows, evenly spaced, where the image is large."""

    lowest: float
    highest: float
    window: tuple[float, float]
    """Percentiles 0.5 and 99.5: what is displayed as black and white at first."""
    domain: tuple[float, float]
    """Where the histogram begins and ends: half a window beyond the window, but not beyond the values."""
    histogram: tuple[int, ...]
    """Pixels in equal parts of the domain; the first and last also count what lies outside."""
    mean: float
    median: float


def summarise(codes: Codes, code: GreyCode) -> Summary:
    """Summarise (H, W) codes."""
    counts = np.bincount(codes[:: max(1, codes.size // _ENOUGH)].ravel())
    first, last = (int(place) for place in np.flatnonzero(counts)[[0, -1]])
    shares = np.cumsum(counts) / counts.sum()
    lo, middle, hi = (int(place) for place in np.searchsorted(shares, _PERCENT / 100))
    if hi <= lo:
        lo, hi = first, max(last, first + 1)
    margin = round(_MARGIN * (hi - lo))
    edges = _edges(max(first, lo - margin), min(last, hi + margin) + 1)
    inside = np.clip(np.arange(len(counts)), edges[0], edges[-1] - 1)
    histogram = np.histogram(inside, edges, weights=counts)[0]

    def native(value: float) -> float:
        return code.lo + code.step * value

    return Summary(
        lowest=native(first), highest=native(last), window=(native(lo), native(hi)),
        domain=(native(int(edges[0])), native(int(edges[-1]))), histogram=tuple(int(n) for n in histogram),
        mean=native(float(np.arange(len(counts)) @ counts / counts.sum())), median=native(middle),
    )  # fmt: skip


def _edges(start: int, stop: int) -> NDArray[np.int64]:
    """Return the ends of at most 128 bins of equally many codes; others would look like a comb."""
    width = -(-(stop - start) // _MOST_BINS)
    bins = -(-(stop - start) // width)
    return start + width * np.arange(bins + 1)
