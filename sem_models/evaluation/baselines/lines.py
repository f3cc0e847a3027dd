"""The baseline of inpainting: linear interpolation of defective scan lines between the nearest good ones."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sem_models.config.networks.capabilities import Capabilities


@dataclass(frozen=True)
class InterpolatedLines:
    """Linear interpolation down each column; the last channel of the input is the mask."""

    name: str = "baseline:interpolated-lines"

    @property
    def capabilities(self) -> Capabilities:
        """Never in tiles, because the nearest good pixel may be far away."""
        return Capabilities(2, 1, 1, 0, tiling="discouraged")

    def __call__(self, x: Tensor) -> Tensor:
        """Interpolate (N, 2, H, W), image and mask (1 defective, 0 good); returns (N, 1, H, W)."""
        return interpolate_lines(x[:, :-1], x[:, -1:])


def fill_and_mark(x: Tensor, hidden: Tensor) -> Tensor:
    """Fill hidden pixels of (N, C, H, W) by interpolation and append the mask (N, 1, H, W): (N, C + 1, H, W)."""
    return torch.cat([interpolate_lines(x, hidden), hidden], 1)


def interpolate_lines(x: Tensor, hidden: Tensor) -> Tensor:
    """Fill hidden pixels from the nearest good ones above and below in their column.

    The two are weighted by distance, so that a linear gradient is reproduced exactly, up to rounding. If there is no
    good pixel on one side, the one on the other side is used; a column without good pixels stays as it is.

    Args:
        x: (N, C, H, W) float.
        hidden: (N, 1, H, W), above 0.5 where a pixel is defective.

    Returns:
        (N, C, H, W), bit for bit `x` where nothing is hidden.
    """
    bad, last = hidden > 0.5, x.shape[2] - 1
    rows = bad.any(3).any(1).any(0).nonzero()[:, 0]
    # Row by row: for a few rows with hidden pixels several times faster than a cumulative maximum over all rows.
    above = torch.arange(last + 1, device=x.device)[None, None, :, None].repeat(len(x), 1, 1, x.shape[3])
    below = above.clone()
    for row in rows.tolist():
        above[:, :, row] = torch.where(bad[:, :, row], above[:, :, row - 1] if row else -1, row)
    for row in reversed(rows.tolist()):
        below[:, :, row] = torch.where(bad[:, :, row], below[:, :, row + 1] if row < last else last + 1, row)
    above, below, here = above[:, :, rows], below[:, :, rows], x[:, :, rows]
    has_above, has_below = above >= 0, below <= last
    upper = x.gather(2, above.clamp(min=0).expand_as(here))
    lower = x.gather(2, below.clamp(max=last).expand_as(here))
    share = (rows[:, None] - above).to(x.dtype) / (below - above).clamp(min=1).to(x.dtype)
    between = torch.where(has_below, torch.where(has_above, upper + share * (lower - upper), lower), upper)
    filled = x.clone()
    filled[:, :, rows] = torch.where(bad[:, :, rows] & (has_above | has_below), between, here)
    return filled
