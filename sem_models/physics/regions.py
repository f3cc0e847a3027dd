"""Where an image is out of focus: soft masks of random shape, for networks that must leave sharp regions alone.

Specimens are out of focus in part because they are tilted (blur grows with the distance from the line in focus), have
steps (one side of a line), or carry particles and pits (an ellipse).
"""

import math

import torch
from torch import Tensor

_EDGE = (0.02, 0.15)
_TILT = (0.3, 1.5)
"""Widths over which a mask goes from 0 to 1, as fractions of the image's diagonal half."""
_SEMI_AXES = (0.1, 0.9)


def random_regions(shape: tuple[int, int, int, int], sharp_share: float, generator: torch.Generator) -> Tensor:
    """(N, 1, H, W) float32 masks, 0 sharp to 1 blurred, on the generator's device.

    Half planes, ellipses (inside or outside) and tilts are equally likely and cover 0 to 100 % of the area; a share of
    `sharp_share` of the images is 0 all over. Plateaus are exactly 0 and 1.
    """
    count, _, height, width = shape
    draw = _Draw(count, generator)
    half = math.hypot(height, width) / 2
    down = (torch.arange(height, device=generator.device) - (height - 1) / 2)[None, None, :, None] / half
    right = (torch.arange(width, device=generator.device) - (width - 1) / 2)[None, None, None, :] / half
    angle = draw.uniform(0, 2 * math.pi)
    along, across = _turn(right, down, angle)
    reach = (torch.cos(angle).abs() * width + torch.sin(angle).abs() * height) / 2 / half
    offset = along - reach * draw.uniform(-1, 1)
    planes = _ramp(offset, draw.uniform(*_EDGE))
    tilts = (offset.abs() / draw.uniform(*_TILT)).clamp(0, 1)
    ellipses = _ellipses(along, across, (height / 2 / half, width / 2 / half), draw)
    kind = draw.uniform(0, 3)
    region = torch.where(kind < 1, planes, torch.where(kind < 2, ellipses, tilts))
    return torch.where(draw.uniform(0, 1) < sharp_share, torch.zeros_like(region), region)


class _Draw:
    """Uniform random numbers, one for each image."""

    def __init__(self, count: int, generator: torch.Generator) -> None:
        self._count, self._generator = count, generator

    def uniform(self, low: float, high: float) -> Tensor:
        """(N, 1, 1, 1) float32."""
        drawn = torch.rand(self._count, 1, 1, 1, generator=self._generator, device=self._generator.device)
        return low + (high - low) * drawn


def _turn(right: Tensor, down: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    return right * torch.cos(angle) + down * torch.sin(angle), down * torch.cos(angle) - right * torch.sin(angle)


def _ramp(distance: Tensor, width: Tensor) -> Tensor:
    """0 to 1 across an edge of that width, without kinks."""
    t = (0.5 + distance / width).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _ellipses(along: Tensor, across: Tensor, size: tuple[float, float], draw: _Draw) -> Tensor:
    """Blurred inside or, as often, outside."""
    a, b = draw.uniform(*_SEMI_AXES), draw.uniform(*_SEMI_AXES)
    u = along - draw.uniform(-size[1], size[1])
    v = across - draw.uniform(-size[0], size[0])
    # Distance to the rim to first order: exact on the axes, and enough for a soft edge.
    inside = (1 - torch.sqrt((u / a) ** 2 + (v / b) ** 2)) * torch.minimum(a, b)
    sign = torch.where(draw.uniform(0, 1) < 0.5, -1.0, 1.0)
    return _ramp(sign * inside, draw.uniform(*_EDGE))
