"""Detection of scan lines without signal.

Three signs are looked for, each over a stretch of a line: a constant value (dead or saturated); a repetition of the
line above (an interrupted transfer); and an offset that begins and ends abruptly between two lines (charging, and any
other defect). A specimen rarely shows any of these: its edges are as wide as the point spread function, and where it
saturates, neighbouring lines saturate as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_closing,
    binary_opening,
    binary_propagation,
    median_filter,
    uniform_filter,
    uniform_filter1d,
)

from sem_models.images.intensity import UnitImage

Mask = NDArray[np.bool_]

MOST_ROWS = 16
"""Largest number of rows of a defect. Taller structures are attributed to the specimen."""
_STRETCH_PX = 48
"""Shortest stretch that counts. Shorter ones arise by chance and from grains of the specimen."""
_WINDOW_PX = 33
"""Number of columns over which the median of the differences of neighbouring lines is taken."""
_DEVIATIONS = 6.0
"""An offset must somewhere on its line exceed this many (robust) standard deviations of the pooled differences."""
_SIGNIFICANT = 5.0
"""Mean differences that begin and end an offset must exceed this many standard deviations of what the noise around them
does to such a mean. In a frame of a million pixels about one such offset of one line arises by chance in a thousand."""
_NOISE_ROWS = 65
"""Number of lines from whose differences this noise is estimated, `_WINDOW_PX` columns wide."""
_REST = 0.5
"""From there it is followed along the line down to this fraction of the threshold."""
_LEAST_OFFSET = 0.03
"""Smallest difference from a neighbouring line that counts, as a fraction of the intensity range."""
_ABRUPT = 0.4
"""Largest difference of the lines next to the boundary of a defect, as a fraction of its offset."""
_GAP_PX = 64
"""Gaps of this length in a defect are closed. They arise where the specimen changes exactly at the defect."""
_SAME_END_PX = 2
"""Tolerance for the ends of a stretch in several lines; the specimen may by chance continue the value of the line."""
_COMMON = 0.3
"""If this fraction of the lines repeats the line above, the image was enlarged by repetition and is not damaged."""
_NO_NOISE = 1e-12
"""Least variance, so that places without any difference can be divided by it."""
_ALONG = np.array([[False] * 3, [True] * 3, [False] * 3])


def find_line_defects(image: UnitImage) -> Mask:
    """Find defective scan lines.

    Args:
        image: (H, W) in unit intensity, neither filtered nor resampled: equal grey levels must still be equal.

    Returns:
        (H, W) bool, True for defective pixels. Not detected are defects of more than `MOST_ROWS` rows, stretches below
        48 px, weak offsets (below 3 % of the range, below 6 standard deviations of the pooled differences of
        neighbouring lines, or no more than the noise at this place explains), and streaks in the first or last line of
        the image.
    """
    found = find_lines_without_signal(image)
    # Otherwise a line known to be dead would be compared with other lines as their neighbour.
    found |= _offset(_without(image, found), found)
    return _bridged(found)


def find_lines_without_signal(image: UnitImage) -> Mask:
    """Find only what is certain: lines that are constant, or that repeat the line above, over at least 48 px.

    An offset, by which `find_line_defects` finds charging as well, may also belong to a specimen that few electrons
    show.

    Args:
        image: (H, W) in unit intensity, neither filtered nor resampled.

    Returns:
        (H, W) bool, True for pixels without signal.
    """
    return _constant(image) | _repeated(image)


@dataclass(frozen=True)
class _Stretch:
    row: int
    columns: slice
    value: float

    def continues(self, other: "_Stretch") -> bool:
        """Return whether this stretch continues the same rectangle one line further down."""
        ends = (self.columns.start - other.columns.start, self.columns.stop - other.columns.stop)
        near = all(abs(end) <= _SAME_END_PX for end in ends)
        return near and self.row == other.row + 1 and self.value == other.value


def _constant(image: UnitImage) -> Mask:
    """Find rectangles of constant value, a few lines tall, whose value the lines above and below do not have."""
    found = np.zeros(image.shape, bool)
    for rows, columns, value in _rectangles(image):
        beside = [image[row, columns] for row in (rows.start - 1, rows.stop) if 0 <= row < len(image)]
        # Neighbours share the value at the rim of a large flat area and in a quiet line of an empty one.
        alone = all((line == value).mean() < 0.5 for line in beside)
        differs = any(float(np.abs(line - value).mean()) >= _LEAST_OFFSET for line in beside)
        if rows.stop - rows.start <= MOST_ROWS and alone and differs:
            found[rows, columns] = True
    return found


def _rectangles(image: UnitImage) -> Iterator[tuple[slice, slice, float]]:
    """Yield rows, columns and value of all stretches of constant value, merged where they lie below one another."""
    flat = _runs(np.diff(image, axis=1) == 0, _STRETCH_PX - 1)
    edges = np.diff(np.pad(flat, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    stops = np.nonzero(edges == -1)[1] + 1
    open_ones: list[list[_Stretch]] = []
    for row, places in groupby(
        zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True), lambda place: place[0]
    ):
        here = [_Stretch(row, slice(start, stop), float(image[row, start])) for _, start, stop in places]
        kept: list[list[_Stretch]] = []
        for stretch in here:
            before = next((group for group in open_ones if stretch.continues(group[-1])), [])
            kept.append([*before, stretch])
            open_ones = [group for group in open_ones if group is not before]
        yield from map(_box, open_ones)
        open_ones = kept
    yield from map(_box, open_ones)


def _box(group: list[_Stretch]) -> tuple[slice, slice, float]:
    columns = slice(min(part.columns.start for part in group), max(part.columns.stop for part in group))
    return slice(group[0].row, group[-1].row + 1), columns, group[0].value


def _repeated(image: UnitImage) -> Mask:
    """Find lines equal to the line above, except in flat areas, which are constant in every direction."""
    same, flat = np.zeros(image.shape, bool), np.zeros(image.shape, bool)
    same[1:] = image[1:] == image[:-1]
    flat[:, 1:] = np.diff(image, axis=1) == 0
    repeated = _runs(same, _STRETCH_PX)
    uneven = median_filter((repeated & ~flat).astype(np.uint8), size=(1, _STRETCH_PX)).astype(bool)
    repeated = binary_propagation(uneven, _ALONG, repeated)
    return repeated if repeated.any(axis=1).mean() < _COMMON else np.zeros_like(repeated)


def _offset(image: UnitImage, known: Mask) -> Mask:
    """Find runs of lines that jump away from the line above and jump back at the line below."""
    jump = np.zeros((len(image) + 1, image.shape[1]), np.float32)
    jump[1:-1] = _pooled(np.diff(image, axis=0))
    deviation = float(np.median(np.abs(jump[1:-1]))) / 0.6745
    least = max(_DEVIATIONS * deviation, _LEAST_OFFSET)
    excess = _excess(image)
    strength = np.zeros_like(image)
    for sign in (1, -1):
        leaves, returns = sign * jump, -sign * jump
        up, down = sign * excess > _SIGNIFICANT, -sign * excess > _SIGNIFICANT
        for rows in range(1, MOST_ROWS + 1):
            height = np.minimum(leaves[1:-rows], returns[1 + rows :])
            for first in np.flatnonzero((height > least).sum(axis=1) >= _STRETCH_PX).tolist():
                # What the noise explains does not begin a defect, but one may be followed through it.
                sure = up[first + 1] & down[first + 1 + rows]
                marked = np.where(sure, height[first], np.minimum(height[first], least))
                _mark(strength, image, jump, slice(first + 1, first + 1 + rows), marked)
    followed = binary_propagation(_runs((strength > least) & ~known, _STRETCH_PX), _ALONG, strength > _REST * least)
    return _runs(followed & ~known, _STRETCH_PX)


def _excess(image: UnitImage) -> UnitImage:
    """Return by how many standard deviations of the noise around them mean differences of lines exceed it, (H + 1, W).

    At low doses grey levels are few, so that medians of differences are mostly 0 and their deviation says nothing; and
    shot noise grows with brightness. The mean of independent differences is known at any dose: its variance is theirs
    over their number. Outer boundaries are 0.
    """
    difference = np.diff(image, axis=0)
    mean = uniform_filter1d(difference, _WINDOW_PX, axis=1)
    variance = uniform_filter(difference**2, (_NOISE_ROWS, _WINDOW_PX))
    deviation = np.sqrt(np.maximum(variance, _NO_NOISE) / _WINDOW_PX)
    excess = np.zeros((len(image) + 1, image.shape[1]), np.float32)
    excess[1:-1] = mean / deviation
    return excess


def _mark(strength: UnitImage, image: UnitImage, jump: UnitImage, rows: slice, height: UnitImage) -> None:
    """Raise `strength` in a run of lines to `height` where the image above and below continues without a break."""
    if rows.stop >= len(image):
        return
    across = np.abs(_pooled(image[rows.stop][None] - image[rows.start - 1][None])[0])
    calm = np.maximum(np.abs(jump[rows.start - 1]), np.abs(jump[rows.stop + 1])) < _ABRUPT * height
    strength[rows] = np.where(
        calm & (across < 1.5 * _ABRUPT * height), np.maximum(strength[rows], height), strength[rows]
    )


def _pooled(difference: UnitImage) -> UnitImage:
    """Compute the running median along each line, on all lines end to end, which is several times faster."""
    half = _WINDOW_PX // 2
    around = np.pad(difference, ((0, 0), (half, half)), mode="symmetric")
    smooth: UnitImage = median_filter(around.ravel(), size=_WINDOW_PX).reshape(around.shape)[:, half:-half]
    return smooth


def _runs(mask: Mask, length: int) -> Mask:
    """Keep only runs of at least `length` pixels along the line."""
    kept: Mask = binary_opening(mask, np.ones((1, length)))
    return kept


def _bridged(mask: Mask) -> Mask:
    """Close short gaps along the lines."""
    around = np.pad(mask, ((0, 0), (_GAP_PX, _GAP_PX)))
    closed: Mask = binary_closing(around, np.ones((1, _GAP_PX + 1)))[:, _GAP_PX:-_GAP_PX]
    return closed


def _without(image: UnitImage, known: Mask) -> UnitImage:
    """Replace known defects by the line above, so that they do not cause jumps themselves."""
    filled = image.copy()
    for row in np.flatnonzero(known.any(axis=1)).tolist():
        if row:
            filled[row] = np.where(known[row], filled[row - 1], image[row])
    return filled
