"""Down-sampling and enlargement by integer factors. Scores depend on the convention, so each has a name.

`bicubic_aa` is the anti-aliased Keys cubic with a = -0.5, whose kernel is stretched by the scale, as in Pillow and
MATLAB. `cubic_aliased` is the cubic with a = -0.75 without stretching, as in OpenCV. `gaussian_area` is a 5 x 5
Gaussian with sigma 1 px, followed by the mean of each block.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.config.degradation import PROJECTIONS, Downsampling


def downsample(x: Tensor, scale: int, downsampling: Downsampling) -> Tensor:
    """Reduce (N, C, H, W) float by `scale`; H and W must be multiples of it (see `crop_to_multiple`).

    Raises:
        ValueError: H or W is not a multiple of the scale.
    """
    height, width = x.shape[-2:]
    if height % scale or width % scale:
        raise ValueError(f"size {height}x{width} is not a multiple of the scale {scale}")
    if scale == 1:
        return x
    size = (height // scale, width // scale)
    if downsampling == "bicubic_aa":
        return F.interpolate(x, size=size, mode="bicubic", antialias=True, align_corners=False)
    if downsampling == "cubic_aliased":
        return F.interpolate(x, size=size, mode="bicubic", antialias=False, align_corners=False)
    return F.avg_pool2d(_gaussian_5x5(x), scale)


def reach(scale: int, downsampling: Downsampling) -> int:
    """How far beyond its own block of `scale` px a pixel of the small image looks, in whole px of the large one."""
    if scale == 1:
        return 0
    # A cubic reaches two px from the centre of the block, a stretched one two blocks.
    return math.ceil(1.5 * scale) if downsampling == "bicubic_aa" else 2


def upsample(x: Tensor, scale: int) -> Tensor:
    """Enlarge (N, C, H, W) float by `scale` with the Keys cubic, a = -0.5; overshoot is not clipped."""
    if scale == 1:
        return x
    size = (x.shape[-2] * scale, x.shape[-1] * scale)
    # Thirds of a pixel are inexact in 32 bit: far from the origin, a tile would differ from the whole image by 2e-4.
    exact = x if scale & (scale - 1) == 0 else x.double()
    return F.interpolate(exact, size=size, mode="bicubic", antialias=True, align_corners=False).to(x.dtype)


def back_project(image: Tensor, x: Tensor, scale: int, downsampling: Downsampling) -> Tensor:
    """Correct an enlarged image until it agrees, when reduced, with its input (Irani and Peleg, 1991).

    Args:
        image: (N, C, H x scale, W x scale) float.
        x: (N, C, H, W), the input of the enlargement, reduced from a sharp image by `downsampling` and nothing else.
        scale: How many times larger the image is.
        downsampling: How the input was reduced.

    Returns:
        The image plus the enlarged difference of input and reduced image, added `PROJECTIONS` times.
    """
    for _ in range(PROJECTIONS):
        image = image + upsample(x - downsample(image, scale, downsampling), scale)
    return image


def crop_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Crop (..., H, W) at the bottom and right until height and width are multiples of `multiple`."""
    height, width = x.shape[-2:]
    return x[..., : height - height % multiple, : width - width % multiple]


def _gaussian_5x5(x: Tensor) -> Tensor:
    taps = torch.exp(-0.5 * torch.arange(-2, 3, device=x.device, dtype=x.dtype) ** 2)
    taps = taps / taps.sum()
    channels = x.shape[1]
    kernel = (taps[:, None] * taps[None, :]).expand(channels, 1, 5, 5)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), kernel, groups=channels)
