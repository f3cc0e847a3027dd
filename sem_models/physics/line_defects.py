"""Scan lines that a microscope lost: dead, saturated, or drowned in the streak of a charged specimen.

Defects belong to the frame. They are drawn for a whole one and then rendered into any window of it, so that a training
patch shows what a crop of a frame shows: a streak that began 300 columns to the left arrives with what is left of it.
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
    """What stands in a spoilt line."""

    BLACK = "black"
    CONSTANT = "constant"
    REPEATED = "repeated"
    """The last good line again, as an interrupted transfer leaves it."""
    WHITE = "white"
    CHARGED = "charged"


_DEAD = (Fault.BLACK, Fault.CONSTANT, Fault.REPEATED)


@dataclass(frozen=True)
class LineDefect:
    """One run of spoilt rows; rows and columns are those of the whole frame."""

    rows: range
    columns: range
    """Where the defect is to be seen; of a charged streak the offset goes on below `VISIBLE_OFFSET`."""
    fault: Fault
    level: float = 0.0
    """Constant: the grey; charged: the offset in the first column. In unit intensity."""
    decay_px: float = 1.0
    """Charged: the distance after which 1/e of the offset is left."""


def draw_line_defects(
    height: int, width: int, settings: LineDefects, generator: torch.Generator
) -> tuple[LineDefect, ...]:
    """Defects of a frame of `height` rows and `width` columns, from the top down.

    Between two defects there is at least one good line, and one remains in a frame of two rows or more.
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
    """Those of a frame that rows `top` to `top + height` do not cut, so that every good line beside them is there.

    What fills a defect is taken from the lines above and below. A defect is left out where the window ends at it,
    unless the frame ends there too.
    """
    first = 0 if top == 0 else top + 1
    stop = frame_height if top + height == frame_height else top + height - 1
    return [defect for defect in defects if first <= defect.rows.start and defect.rows.stop <= stop]


def spoil_lines(x: Tensor, defects: Iterable[LineDefect], top: int = 0, left: int = 0) -> tuple[Tensor, Tensor]:
    """What the microscope recorded, and where it is not to be trusted.

    Args:
        x: (C, H, W) float in [0, 1], a window of a frame.
        defects: Of the frame; those outside the window do nothing.
        top: Row of the frame at which the window begins.
        left: Its first column.

    Returns:
        (C, H, W), and (1, H, W) float: 1 where a line is spoilt, 0 where the image is as it was (but for the last
        `VISIBLE_OFFSET` of a charged streak).
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
    """The defect of these rows; `drawn` are five uniform numbers."""
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
    # The fraction of the same number is as uniform as the number.
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
    """(width,) what a streak adds to the columns of a window."""
    distance = torch.arange(left, left + width, device=like.device, dtype=like.dtype) - defect.columns.start
    return torch.where(distance >= 0, defect.level * torch.exp(-distance.clamp(min=0) / defect.decay_px), 0.0)


def _line_before(defect: LineDefect, top: int, height: int) -> int:
    """Row of the window that a repeated line repeats: the one above; below the defect at the head of a frame."""
    above = defect.rows.start - top - 1
    return above if above >= 0 else min(defect.rows.stop - top, height - 1)


def _slice(span: range, first: int, length: int) -> slice:
    return slice(min(max(span.start - first, 0), length), min(max(span.stop - first, 0), length))
