"""Where crops lie in the frames that were scanned.

A forward model that is evaluated on a crop must know its position: drift and charging depend on the line and time of
the whole frame, and what lies beside a crop is blurred into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Margin:
    """The distance around a crop, in px, within which the frame influences the degraded crop."""

    rows: int = 0
    """Above and below."""
    left: int = 0
    right: int = 0


@dataclass(frozen=True)
class Window:
    """A rectangle of a frame. Rows and columns are counted from the first line and pixel of the frame, in px."""

    top: int
    left: int
    height: int
    width: int
    frame_height: int
    frame_width: int

    @classmethod
    def whole(cls, height: int, width: int) -> "Window":
        """Return the window that covers the whole frame."""
        return cls(0, 0, height, width, height, width)

    def aligned(self, scale: int) -> "Window":
        """Return the same window in a frame that begins and ends on a grid of `scale` px on which the window lies.

        Fewer than `scale` rows and columns at the edges of the frame are cut off.
        """
        top, left = self.top % scale, self.left % scale
        height, width = ((self.frame_height - top) // scale * scale, (self.frame_width - left) // scale * scale)
        return Window(self.top - top, self.left - left, self.height, self.width, height, width)

    def widened(self, margin: Margin) -> "Window":
        """Return the window with its margin, moved into the frame where it would reach over an edge.

        It is as large as any other window of this size with this margin, unless the frame is smaller. Where it ends
        short of the margin, the frame ends as well.
        """
        height = min(self.height + 2 * margin.rows, self.frame_height)
        width = min(self.width + margin.left + margin.right, self.frame_width)
        top = min(max(self.top - margin.rows, 0), self.frame_height - height)
        left = min(max(self.left - margin.left, 0), self.frame_width - width)
        return Window(top, left, height, width, self.frame_height, self.frame_width)

    def reduced(self, scale: int) -> "Window":
        """Return the window in the frame with `scale` times fewer rows and columns."""
        sides = (self.top, self.left, self.height, self.width, self.frame_height, self.frame_width)
        return Window(*(side // scale for side in sides))


class Coordinates(NamedTuple):
    """Positions of the pixels of N crops of one size in their frames: integers stored as float32."""

    rows: Tensor
    """(N, 1, H, 1)."""
    columns: Tensor
    """(N, 1, 1, W)."""
    height: Tensor
    """(N, 1, 1, 1), of the frame."""
    width: Tensor
    """(N, 1, 1, 1), of the frame."""


def coordinates(windows: Sequence[Window], device: torch.device) -> Coordinates:
    """Return the coordinates of all pixels of windows of one size."""
    corners = [(w.top, w.left, w.frame_height, w.frame_width) for w in windows]
    top, left, height, width = torch.tensor(corners, dtype=torch.float32, device=device).T[:, :, None, None, None]
    rows = torch.arange(windows[0].height, dtype=torch.float32, device=device)
    columns = torch.arange(windows[0].width, dtype=torch.float32, device=device)
    return Coordinates(top + rows[:, None], left + columns, height, width)


def cut(x: Tensor, given: Sequence[Window], wanted: Sequence[Window]) -> Tensor:
    """Crop (N, C, H, W), which shows the windows `given`, to the windows `wanted` inside them, (N, C, h, w)."""
    if given == wanted:
        return x
    height, width = wanted[0].height, wanted[0].width
    corners = [(w.top - g.top, w.left - g.left) for w, g in zip(wanted, given, strict=True)]
    parts = zip(x, corners, strict=True)
    return torch.stack([image[:, top : top + height, left : left + width] for image, (top, left) in parts])
