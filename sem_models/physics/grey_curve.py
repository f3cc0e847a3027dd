"""Random grey curves, which show a specimen in contrasts that no microscope recorded.

A network that restores images after random curves, rising, falling and neither, cannot rely on what is bright and what
is dark, and learns to recognise structures by their shape: the idea of contrast-agnostic training (SynthSeg, Billot et
al., Medical Image Analysis 2023) and of non-linear intensity transformations (Models Genesis, Zhou et al., 2021).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.config.degradation import GreyCurve


def remap(x: Tensor, settings: GreyCurve, generator: torch.Generator) -> Tensor:
    """Replace the grey levels of each image by those on a random curve of its own.

    Args:
        x: (N, C, H, W) float32 in unit intensity; levels beyond 0 and 1 are treated as 0 and 1.
        settings: From which curves, and the weights of a second one, are drawn.
        generator: Random generator on the device of `x`.

    Returns:
        (N, C, H, W) float32 in [0, 1]; all channels of an image follow one curve.
    """
    first = _on_curves(x, draw_curves(len(x), settings, generator))
    if settings.shading == 0:
        return first
    second = _on_curves(x, draw_curves(len(x), settings, generator))
    return torch.lerp(first, second, draw_weights(x, settings, generator))


def draw_curves(count: int, settings: GreyCurve, generator: torch.Generator) -> Tensor:
    """Draw (count, knots) float32 levels in [0, 1], the values of the curves at equally spaced grey levels.

    Before the gain, the levels are independent and uniform. Those of a monotone curve are sorted; half of the monotone
    curves fall.
    """
    device = generator.device
    levels = torch.rand(count, settings.knots, generator=generator, device=device)
    monotone, falls, gain = torch.rand(3, count, 1, generator=generator, device=device)
    rising = levels.sort(dim=1).values
    ordered = torch.where(falls < 0.5, rising.flip(1), rising)
    curves = torch.where(monotone < settings.monotone, ordered, levels)
    return ((curves - 0.5) * torch.exp(gain * math.log(settings.gain)) + 0.5).clamp(0, 1)


def draw_weights(x: Tensor, settings: GreyCurve, generator: torch.Generator) -> Tensor:
    """Draw the weight of the second curve for each pixel of (N, C, H, W), (N, 1, H, W) float32 from 0 to `shading`.

    Values on a square grid are independent and uniform; the grid has a random spacing and position for each image, and
    in between the weight is interpolated linearly along rows and columns.
    """
    (height, width), device = x.shape[-2:], generator.device
    low, high = (math.log(length) for length in settings.shading_px)
    spacing, down, right = torch.rand(3, len(x), generator=generator, device=device)
    spacing = torch.exp(low + (high - low) * spacing)
    cells = [math.ceil(size / settings.shading_px[0]) + 2 for size in (height, width)]
    grid = torch.rand(len(x), 1, *cells, generator=generator, device=device)
    rows = torch.arange(height, device=device) / spacing[:, None] + down[:, None]
    columns = torch.arange(width, device=device) / spacing[:, None] + right[:, None]
    place = torch.stack(
        [
            (2 * columns / (cells[1] - 1) - 1)[:, None, :].expand(-1, height, -1),
            (2 * rows / (cells[0] - 1) - 1)[:, :, None].expand(-1, -1, width),
        ],
        dim=-1,
    )
    return settings.shading * F.grid_sample(grid, place, align_corners=True)


def _on_curves(x: Tensor, curves: Tensor) -> Tensor:
    position = x.clamp(0, 1) * (curves.shape[1] - 1)
    left = position.floor().clamp(max=curves.shape[1] - 2)
    index = left.long().flatten(1)
    low, high = curves.gather(1, index), curves.gather(1, index + 1)
    return torch.lerp(low, high, (position - left).flatten(1)).reshape(x.shape)
