"""Defocus and astigmatism: convolution of each image with a kernel of random size.

The geometric blur of a defocused lens is a disc. The probe of a scanning microscope is nearly Gaussian, and an
astigmatic lens elongates it in one direction (Reimer, Scanning Electron Microscopy, 1998, chapter 2).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.config.degradation import Blur
from sem_models.physics.frame import Coordinates

_SIGMAS = 3
_FINE = 5
"""Subdivisions of a pixel at the rim of a disc; odd, so that radius 0 is the central pixel."""
_SMALLEST_SIGMA_PX = 1e-3
"""Smaller Gaussians are a single pixel anyway, and a sigma of zero would cause a division by zero."""


def defocus(x: Tensor, settings: Blur, at: Coordinates, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Blur (N, C, H, W) float32, with a different blur for each image; regions are drawn for the whole frame.

    Returns:
        The blurred images, and a map of the blur, (N, 1, H, W) float32 from 0 (sharp) to 1 (fully blurred). Where the
        map is 0, pixels are unchanged.
    """
    blurred = convolve(x, blur_kernels(settings, len(x), generator))
    if settings.region == "whole":
        return blurred, torch.ones(len(x), 1, *x.shape[-2:], device=x.device)
    region = random_regions(at, settings.sharp_share, generator)
    return x + region * (blurred - x), region


def half_width(settings: Blur) -> int:
    """Return the half width of the kernel in pixels, for the largest size that can be drawn.

    A Gaussian is cut off at three sigma and so has 6 sigma + 1 taps. The time does not depend on the size drawn.
    """
    largest = settings.size_px[1]
    if settings.kernel == "disc":
        return math.ceil(largest + 0.5)
    return math.ceil(_SIGMAS * largest * (settings.ratio if settings.kernel == "astigmatic" else 1.0))


def blur_kernels(settings: Blur, count: int, generator: torch.Generator) -> Tensor:
    """Draw (count, K, K) float32 kernels with sum 1 and sizes uniform in `size_px`, on the generator's device."""
    half = half_width(settings)
    size = _uniform(count, *settings.size_px, generator)
    weights = _disc(half, size) if settings.kernel == "disc" else _gaussian(half, size, settings, generator)
    return weights / weights.sum(dim=(1, 2), keepdim=True)


def convolve(x: Tensor, kernels: Tensor) -> Tensor:
    """Convolve each image of (N, C, H, W) with its own (K, K) kernel, K odd.

    Edges are mirrored about the outermost pixel. Crops need a margin of K // 2 px, which is cut off afterwards, except
    where their frame ends.
    """
    n, channels, height, width = x.shape
    half = kernels.shape[-1] // 2
    rows, columns = mirrored(height, half, x.device), mirrored(width, half, x.device)
    padded = x[:, :, rows[:, None], columns].reshape(1, n * channels, len(rows), len(columns))
    weights = kernels.repeat_interleave(channels, dim=0)[:, None].to(x.dtype)
    return F.conv2d(padded, weights, groups=n * channels).reshape(x.shape)


def mirrored(length: int, margin: int, device: torch.device) -> Tensor:
    """Return the indices -margin to length + margin - 1 folded back into the axis; margin may exceed length."""
    return fold(torch.arange(-margin, length + margin, device=device), torch.tensor(length, device=device))


def fold(index: Tensor, length: Tensor) -> Tensor:
    """Reflect integer indices about the outermost pixels of axes of `length` pixels, an integer tensor."""
    period = (2 * (length - 1)).clamp(min=1)
    within = index.remainder(period)
    return torch.minimum(within, period - within)


def _disc(half: int, radius: Tensor) -> Tensor:
    """Return discs whose rim pixels are weighted by the share inside; otherwise the radius would change in steps."""
    fine = (_FINE * (2 * half + 1) - 1) / 2
    axis = torch.arange(-fine, fine + 1, device=radius.device) / _FINE
    distance = torch.sqrt(axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    return F.avg_pool2d((_FINE * (radius - distance) + 0.5).clamp(0, 1), _FINE)


def _gaussian(half: int, size: Tensor, settings: Blur, generator: torch.Generator) -> Tensor:
    axis = torch.arange(-half, half + 1, device=size.device, dtype=torch.float32)
    down, right = axis[None, :, None], axis[None, None, :]
    short = size.clamp(min=_SMALLEST_SIGMA_PX)
    if settings.kernel == "gaussian":
        return torch.exp(-0.5 * (down**2 + right**2) / short**2)
    long = short * _uniform(len(short), 1.0, settings.ratio, generator)
    angle = _uniform(len(short), 0.0, math.pi, generator)
    along = right * torch.cos(angle) + down * torch.sin(angle)
    across = down * torch.cos(angle) - right * torch.sin(angle)
    return torch.exp(-0.5 * ((along / long) ** 2 + (across / short) ** 2))


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    drawn = torch.rand(count, 1, 1, generator=generator, device=generator.device)
    return low + (high - low) * drawn


_EDGE = (0.02, 0.15)
_TILT = (0.3, 1.5)
"""Widths over which a mask rises from 0 to 1, as fractions of half the image diagonal."""
_SEMI_AXES = (0.1, 0.9)


def random_regions(at: Coordinates, sharp_share: float, generator: torch.Generator) -> Tensor:
    """Draw (N, 1, H, W) float32 masks from 0 (sharp) to 1 (blurred) on the generator's device.

    Half planes, ellipses (inside or outside) and tilts are equally likely and cover 0 to 100 % of the area of a
    frame. A fraction `sharp_share` of the masks is 0 everywhere. Plateaus are exactly 0 and 1.
    """
    draw = _Draw(len(at.height), generator)
    half = torch.sqrt(at.height**2 + at.width**2) / 2
    down = (at.rows - (at.height - 1) / 2) / half
    right = (at.columns - (at.width - 1) / 2) / half
    angle = draw.uniform(0, 2 * math.pi)
    along, across = _turn(right, down, angle)
    reach = (torch.cos(angle).abs() * at.width + torch.sin(angle).abs() * at.height) / 2 / half
    offset = along - reach * draw.uniform(-1, 1)
    planes = _ramp(offset, draw.uniform(*_EDGE))
    tilts = (offset.abs() / draw.uniform(*_TILT)).clamp(0, 1)
    ellipses = _ellipses(along, across, (at.height / 2 / half, at.width / 2 / half), draw)
    kind = draw.uniform(0, 3)
    region = torch.where(kind < 1, planes, torch.where(kind < 2, ellipses, tilts))
    return torch.where(draw.uniform(0, 1) < sharp_share, torch.zeros_like(region), region)


class _Draw:
    """Uniform random numbers, one for each image."""

    def __init__(self, count: int, generator: torch.Generator) -> None:
        self._count, self._generator = count, generator

    def uniform(self, low: float, high: float) -> Tensor:
        """Draw (N, 1, 1, 1) float32."""
        drawn = torch.rand(self._count, 1, 1, 1, generator=self._generator, device=self._generator.device)
        return low + (high - low) * drawn


def _turn(right: Tensor, down: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    return right * torch.cos(angle) + down * torch.sin(angle), down * torch.cos(angle) - right * torch.sin(angle)


def _ramp(distance: Tensor, width: Tensor) -> Tensor:
    """Return a smooth step from 0 to 1 across an edge of that width."""
    t = (0.5 + distance / width).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _ellipses(along: Tensor, across: Tensor, size: tuple[Tensor, Tensor], draw: _Draw) -> Tensor:
    """Return ellipses that are blurred inside or, equally often, outside."""
    a, b = draw.uniform(*_SEMI_AXES), draw.uniform(*_SEMI_AXES)
    u = along - draw.uniform(-1, 1) * size[1]
    v = across - draw.uniform(-1, 1) * size[0]
    # Distance to the rim to first order: exact on the axes, and enough for a soft edge.
    inside = (1 - torch.sqrt((u / a) ** 2 + (v / b) ** 2)) * torch.minimum(a, b)
    sign = torch.where(draw.uniform(0, 1) < 0.5, -1.0, 1.0)
    return _ramp(sign * inside, draw.uniform(*_EDGE))
