"""What a restoration must not change where it learns without pairs: shading, dents, which side is light."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_REACH = 3
"""Standard deviations after which the Gaussian is cut."""


def low_frequency(output: Tensor, source: Tensor, sigma_px: float) -> Tensor:
    """Mean absolute difference of both images after a Gaussian of `sigma_px`.

    Args:
        output: (N, C, H, W) float, [0, 1] nominal.
        source: The same shape.
        sigma_px: Standard deviation in pixels; H and W must exceed three of it (`smallest_patch`).
    """
    return F.l1_loss(low_pass(output, sigma_px), low_pass(source, sigma_px))


def smallest_patch(sigma_px: float) -> int:
    """The least height and width that `low_pass` takes: reflection reaches at most to the opposite edge."""
    return _radius(sigma_px) + 1


def low_pass(x: Tensor, sigma_px: float) -> Tensor:
    """(N, C, H, W) float to the same shape: a Gaussian cut at three sigma, reflected at the edges."""
    radius, channels = _radius(sigma_px), x.shape[1]
    offsets = torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype)
    taps = torch.exp(-0.5 * (offsets / sigma_px) ** 2)
    kernel = (taps / taps.sum()).expand(channels, 1, 1, -1)
    padded = F.pad(x, (radius,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel, groups=channels), kernel.transpose(2, 3), groups=channels)


def _radius(sigma_px: float) -> int:
    return math.ceil(_REACH * sigma_px)
