"""The residual shift of two aligned images, measured block by block and independently of the registration."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter

from sem_models.datasets.manifest import Residual

_SIGMA_PX = 1.0
_SMALLEST_PX, _LARGEST_PX, _REACH_PX = 32, 128, 24
_ACROSS = 8
_PEAK, _RIVAL, _APART = 0.4, 0.8, 1 / 16
_FLAT = 1e-12
"""Norm of window and template, relative to the power of the whole field, up to which rounding alone may cause it."""
FEWEST = 4


class BlockShift(NamedTuple):
    """The shift of one block, in px."""

    row: float
    """Row of the centre of the block."""
    column: float
    down: float
    """Distance by which the moving image lies further down."""
    right: float


@dataclass(frozen=True)
class BlockShifts:
    """The shifts that could be measured on a grid of blocks."""

    shifts: tuple[BlockShift, ...]
    blocks: int
    """Number of all blocks of the grid, including those that could not be measured."""

    def residual(self, pixel_size_nm: float | None) -> Residual | None:
        """Return median and 95th percentile of the shift lengths; None if fewer than four blocks could be measured."""
        if len(self.shifts) < FEWEST:
            return None
        lengths = [float(np.hypot(shift.down, shift.right)) for shift in self.shifts]
        median, high = (round(float(value), 3) for value in np.percentile(lengths, (50, 95)))
        nm = [round(value * pixel_size_nm, 3) if pixel_size_nm else None for value in (median, high)]
        return Residual(median_px=median, p95_px=high, median_nm=nm[0], p95_nm=nm[1], blocks=len(lengths))


def block_shifts(fixed: NDArray[Any], moving: NDArray[Any]) -> BlockShifts:
    """Measure the shifts of `moving` relative to `fixed` on a grid of overlapping blocks.

    Both are (H, W) and of the same size, any dtype. Each block of `fixed` is searched for in `moving` by normalised
    cross-correlation (Lewis, Vision Interface 1995) within 24 px or half a block; a parabola through the peak gives the
    sub-pixel shift. The square root of the gradient magnitude is compared. It has no sign, so contrasts may be
    opposite, and the root keeps a single strong outline, which may lie a pixel further out in one of the modalities,
    from dominating a block. Blocks are skipped if nothing resembles them (peak below 0.4), if they are ambiguous, for
    example along a straight edge (a second peak further away than 1/16 of a block reaches 0.8 of the first), or if the
    peak is at the border of the search area.
    """
    block = int(np.clip(min(fixed.shape) // 4, _SMALLEST_PX, _LARGEST_PX))
    reach = min(_REACH_PX, block // 2)
    still, other = _outlines(fixed), _outlines(moving)
    places = list(_grid(fixed.shape, block, reach))
    found = []
    for top, left in places:
        template = still[top : top + block, left : left + block]
        field = other[top - reach : top + block + reach, left - reach : left + block + reach]
        peak = _peak(similarity(field, template), block * _APART)
        if peak:
            half = (block - 1) / 2
            found.append(BlockShift(top + half, left + half, peak[0] - reach, peak[1] - reach))
    return BlockShifts(tuple(found), len(places))


def similarity(field: NDArray[np.float64], template: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the normalised cross-correlation at each place where (h, w) `template` lies inside (H, W) `field`.

    (H - h + 1, W - w + 1), from -1 to 1; 0 where the field or the template is flat. Only these places are computed, so
    the transforms are as small as the field: the template wraps around nowhere among them.
    """
    deviation, centred = template - template.mean(), field - field.mean()
    spectrum = fft.rfft2(centred) * np.conj(fft.rfft2(deviation, field.shape))
    sums, squares = (_window_sums(values, template.shape) for values in (centred, centred**2))
    product = fft.irfft2(spectrum, field.shape)[: sums.shape[0], : sums.shape[1]]
    norm = np.sqrt((squares - sums**2 / template.size).clip(0) * (deviation**2).sum())
    scores: NDArray[np.float64] = np.divide(
        product, norm, out=np.zeros_like(product), where=norm > _FLAT * (centred**2).sum()
    )
    return scores


def _window_sums(values: NDArray[np.float64], window: tuple[int, ...]) -> NDArray[np.float64]:
    """Sum (H, W) over every window of (h, w) pixels that lies inside; (H - h + 1, W - w + 1)."""
    total = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    rows = total[window[0] :] - total[: -window[0]]
    sums: NDArray[np.float64] = rows[:, window[1] :] - rows[:, : -window[1]]
    return sums


def _grid(shape: tuple[int, ...], block: int, reach: int) -> Iterator[tuple[int, int]]:
    rows, columns = (_starts(size, block, reach) for size in shape)
    return ((top, left) for top in rows for left in columns)


def _starts(size: int, block: int, reach: int) -> range:
    last = size - block - reach
    return range(reach, last + 1, max(block // 2, (last - reach) // _ACROSS, 1))


def _outlines(image: NDArray[Any]) -> NDArray[np.float64]:
    smooth = gaussian_filter(image.astype(np.float64), _SIGMA_PX)
    outlines: NDArray[np.float64] = np.sqrt(np.hypot(*np.gradient(smooth)))
    return outlines


def _peak(scores: NDArray[Any], apart: float) -> tuple[float, float] | None:
    """Return the sub-pixel (row, column) of the highest score; None if it is low, at the border, or ambiguous."""
    row, column = (int(index) for index in np.unravel_index(scores.argmax(), scores.shape))
    if not (0 < row < scores.shape[0] - 1 and 0 < column < scores.shape[1] - 1):
        return None
    rows, columns = np.ogrid[: scores.shape[0], : scores.shape[1]]
    rivals = scores[np.hypot(rows - row, columns - column) > max(apart, 3)]
    if scores[row, column] < _PEAK or rivals.max(initial=0) > _RIVAL * scores[row, column]:
        return None
    return row + _vertex(scores[row - 1 : row + 2, column]), column + _vertex(scores[row, column - 1 : column + 2])


def _vertex(three: NDArray[Any]) -> float:
    """Return the vertex of the parabola through scores at -1, 0 and 1, of which the middle one is the highest."""
    before, peak, after = (float(value) for value in three)
    bend = before - 2 * peak + after
    return 0.5 * (before - after) / bend if bend else 0.0
