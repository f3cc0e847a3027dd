"""The pyramid of an image: its grey codes, and their means over 2 x 2, 4 x 4, ... pixels."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.viewing.codes import Codes, GreyCode
from pipelines.viewing.summary import Summary, summarise

_COARSEST_PX = 256
"""No level is needed below the size of a preview."""
_MOST_LEVELS = 8
"""Sums of 256 x 256 codes of 16 bits are the largest that 32 bits hold."""


@dataclass(frozen=True)
class ImageFacts:
    """What a page says about an image without reading it again."""

    dtype: str
    """Native data type of the file, or of what was computed."""
    pixel_size_nm: float | None = None
    pixel_aspect: float = 1.0
    """Height of a pixel divided by its width."""
    scale_warning: str = ""


@dataclass(eq=False)
class Pyramid:
    """An image as a viewer needs it."""

    levels: tuple[Codes, ...]
    """(H, W) codes, each level half as large as the one before; arrays in memory, later mapped from files."""
    code: GreyCode
    facts: ImageFacts = field(default_factory=lambda: ImageFacts("uint8"))
    field_rows: int | None = None
    """How many rows of the top show the specimen, above a data bar; None: all."""

    @property
    def height(self) -> int:
        """Rows of the image."""
        return int(self.levels[0].shape[0])

    @property
    def width(self) -> int:
        """Columns of the image."""
        return int(self.levels[0].shape[1])

    @cached_property
    def summary(self) -> Summary:
        """Histogram and display window of what shows the specimen."""
        return summarise(self.levels[0][: self.field_rows], self.code)


def build_pyramid(codes: Codes, code: GreyCode, facts: ImageFacts) -> Pyramid:
    """Compute all levels of (H, W) codes."""
    return Pyramid((codes, *mean_levels(codes)), code, facts)


def count_levels(height: int, width: int) -> int:
    """Count the levels above that of the image itself."""
    return min(_MOST_LEVELS, max(0, math.ceil(math.log2(max(height, width) / _COARSEST_PX))))


def mean_levels(codes: Codes) -> list[Codes]:
    """Compute levels 1, 2, ... of (H, W) codes.

    Each pixel of level k is the mean of the pixels of the image that it covers, at most 2^k x 2^k, rounded once. Bands
    of rows are computed by two threads.
    """
    height, width = codes.shape
    count = count_levels(height, width)
    band = 1 << count
    shapes = [(-(-height >> k), -(-width >> k)) for k in range(1, count + 1)]
    levels: list[Codes] = [np.empty(shape, codes.dtype) for shape in shapes]

    def fill(top: int) -> None:
        sums: NDArray[np.uint32] | Codes = codes[top : top + band]
        for k, level in enumerate(levels, 1):
            sums = _pair_sums(sums)
            first = top >> k
            level[first : first + sums.shape[0]] = _means(sums, _covered(height, k)[first:], _covered(width, k), k)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(fill, range(0, height if count else 0, band)))
    return levels


def _pair_sums(values: NDArray[np.uint32] | Codes) -> NDArray[np.uint32]:
    """Add 2 x 2 neighbours of (H, W) as uint32; missing ones at odd edges count as 0."""
    rows: NDArray[np.uint32] = np.add(values[:-1:2], values[1::2], dtype=np.uint32)
    if values.shape[0] % 2:
        rows = np.concatenate([rows, values[-1:].astype(np.uint32)])
    sums: NDArray[np.uint32] = np.add(rows[:, :-1:2], rows[:, 1::2])
    return np.concatenate([sums, rows[:, -1:]], axis=1) if rows.shape[1] % 2 else sums


def _covered(size: int, k: int) -> NDArray[np.uint32]:
    """Return how many pixels of a side each pixel of level k covers: 2^k, but fewer at the end."""
    covered = np.full(-(-size >> k), 1 << k, np.uint32)
    covered[-1] = size - ((len(covered) - 1) << k)
    return covered


def _means(
    sums: NDArray[np.uint32], rows: NDArray[np.uint32], columns: NDArray[np.uint32], k: int
) -> NDArray[np.uint32]:
    """Divide sums by the number of pixels and round; whole blocks by a shift, which is several times as fast."""
    means: NDArray[np.uint32] = (sums + np.uint32(1 << (2 * k - 1))) >> np.uint32(2 * k)
    rows = rows[: len(sums)]
    for part in (np.s_[-1:, :], np.s_[:, -1:]):
        covered = (rows[:, None] * columns[None, :])[part]
        means[part] = np.rint(sums[part] / covered)
    return means
