"""Simulated defects of scan lines: dead, saturated, or under the streak of a charging specimen.

Defects belong to the frame. They are drawn for a whole frame and then rendered into any window of it, so that a
training patch looks like a crop of a frame: a streak that began 300 columns to the left enters with what remains of it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

import torch
from torch import Tensor

from sem_models.config.degradation import LineDefects

VISIBLE_OFFSET = 0.02
"""A charged streak is a defect for as long as its offset is at least this fraction of the intensity range."""


class Fault(Enum):
    """The content of a defective line."""

    BLACK = "black"
    CONSTANT = "constant"
    REPEATED = "repeated"
    """The last intact line again, as after an interrupted transfer."""
    WHITE = "white"
    CHARGED = "charged"


_DEAD = (Fault.BLACK, Fault.CONSTANT, Fault.REPEATED)


@dataclass(frozen=True)
class LineDefect:
    """One run of defective rows. Rows and columns are those of the whole frame."""

    rows: range
    columns: range
    """Columns in which the defect is visible. The offset of a streak continues below `VISIBLE_OFFSET`."""
    fault: Fault
    level: float = 0.0
    """Constant: the grey level; charged: the offset in the first column. In unit intensity."""
    decay_px: float = 1.0
    """Charged: the distance over which the offset falls to 1/e."""


def draw_line_defects(
    height: int, width: int, settings: LineDefects, generator: torch.Generator
) -> tuple[LineDefect, ...]:
    """Draw the defects of a frame of `height` rows and `width` columns, from top to bottom.

    Two defects are separated by at least one intact line, and a frame of two rows or more keeps at least one.
    """
    begins = torch.rand(height, generator=generator, device=generator.device) < settings.rate
    uniform = torch.rand((height, 6), generator=generator, device=generator.device, dtype=torch.float64)
    rows = begins.nonzero()[:, 0]
    defects: list[LineDefect] = []
    free = 0
    for first, drawn in zip(rows.tolist(), uniform[rows].tolist(), strict=True):
        if first < free:
            continue
        low, high = settings.rows
        stop = min(first + low + int(drawn[0] * (high - low + 1)), height)
        if stop - first < height:
            defects.append(_defect(range(first, stop), width, settings, drawn[1:]))
        free = stop + 1
    return tuple(defects)


def whole_defects(defects: Iterable[LineDefect], top: int, height: int, frame_height: int) -> list[LineDefect]:
    """Return the defects whose intact neighbouring lines all lie within the rows `top` to `top + height` of the frame.

    A defect is filled from the lines above and below. It is therefore left out if the window cuts it or ends at it,
    unless the frame ends there as well.
    """
    first = 0 if top == 0 else top + 1
    stop = frame_height if top + height == frame_height else top + height - 1
    return [defect for defect in defects if first <= defect.rows.start and defect.rows.stop <= stop]


def spoil_lines(x: Tensor, defects: Iterable[LineDefect], top: int = 0, left: int = 0) -> tuple[Tensor, Tensor]:
    """Render line defects into a window of a frame.

    Args:
        x: The window, (C, H, W) float in [0, 1].
        defects: Defects of the frame. Those outside the window have no effect.
        top: First row of the window in the frame.
        left: First column of the window in the frame.

    Returns:
        The defective window, (C, H, W), and its mask, (1, H, W) float: 1 for defective pixels, 0 where the image is
        unchanged (except for offsets of streaks below `VISIBLE_OFFSET`).
    """
    spoilt, hidden = x.clone(), x.new_zeros(1, *x.shape[1:])
    for defect in defects:
        rows = _slice(defect.rows, top, x.shape[1])
        columns = _slice(defect.columns, left, x.shape[2])
        if defect.fault is Fault.CHARGED:
            spoilt[:, rows] += _offsets(defect, left, x.shape[2], x)
            spoilt[:, rows, columns] = spoilt[:, rows, columns].clamp(0, 1)
        elif defect.fault is Fault.REPEATED:
            spoilt[:, rows, columns] = x[:, _line_before(defect, top, x.shape[1]), columns]
        else:
            spoilt[:, rows, columns] = defect.level
        hidden[:, rows, columns] = 1
    return spoilt, hidden


def _defect(rows: range, width: int, settings: LineDefects, drawn: list[float]) -> LineDefect:
    """Return a defect of these rows, made from the five uniform random numbers `drawn`."""
    shares = list(accumulate((settings.dead, settings.saturated, settings.charged)))
    kind = next(index for index, share in enumerate(shares) if drawn[0] * shares[-1] < share)
    if kind == 2:
        return _streak(rows, width, settings, drawn[1:])
    columns = range(width)
    if drawn[1] < settings.partial:
        short, long = settings.stretch
        length = max(round(width * (short + (long - short) * drawn[2])), 1)
        start = int(drawn[3] * (width - length + 1))
        columns = range(start, start + length)
    if kind == 1:
        return LineDefect(rows, columns, Fault.WHITE, level=1.0)
    fault = _DEAD[int(drawn[4] * len(_DEAD))]
    # The fractional part of the same number is uniform as well.
    grey = drawn[4] * len(_DEAD) % 1
    return LineDefect(rows, columns, fault, level=grey if fault is Fault.CONSTANT else 0.0)


def _streak(rows: range, width: int, settings: LineDefects, drawn: list[float]) -> LineDefect:
    start = int(drawn[0] * width)
    weak, strong = settings.offset
    offset = (weak + (strong - weak) * drawn[1]) * (1 if drawn[2] < 0.5 else -1)
    near, far = settings.decay_px
    decay = near * (far / near) ** drawn[3]
    seen = max(math.ceil(decay * math.log(max(abs(offset) / VISIBLE_OFFSET, 1))), 1)
    return LineDefect(rows, range(start, min(start + seen, width)), Fault.CHARGED, offset, decay)


def _offsets(defect: LineDefect, left: int, width: int, like: Tensor) -> Tensor:
    """Return the offset, (width,), that a streak adds to each column of a window."""
    distance = torch.arange(left, left + width, device=like.device, dtype=like.dtype) - defect.columns.start
    return torch.where(distance >= 0, defect.level * torch.exp(-distance.clamp(min=0) / defect.decay_px), 0.0)


def _line_before(defect: LineDefect, top: int, height: int) -> int:
    """Return the row that a repeated line repeats: the one above, or below the defect at the top of a frame."""
    above = defect.rows.start - top - 1
    return above if above >= 0 else min(defect.rows.stop - top, height - 1)


def _slice(span: range, first: int, length: int) -> slice:
    return slice(min(max(span.start - first, 0), length), min(max(span.stop - first, 0), length))
