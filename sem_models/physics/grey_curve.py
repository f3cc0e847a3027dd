"""Random grey-level curves, which show a specimen in contrasts that no microscope recorded.

A network that restores images after random curves, rising, falling and neither, cannot rely on what is bright and what
is dark, and learns to recognise structures by their shape: the idea of contrast-agnostic training (SynthSeg, Billot et
al., Medical Image Analysis 2023) and of non-linear intensity transformations (Models Genesis, Zhou et al., 2021).
"""

import torch
from torch import Tensor

from sem_models.config.degradation import GreyCurve


def remap(x: Tensor, settings: GreyCurve, generator: torch.Generator) -> Tensor:
    """Replace the grey levels of each image by those on a random curve of its own.

    Args:
        x: (N, C, H, W) float32 in unit intensity; levels beyond 0 and 1 are treated as 0 and 1.
        settings: From which curves are drawn.
        generator: Random generator on the device of `x`.

    Returns:
        (N, C, H, W) float32 in [0, 1]; all channels of an image follow one curve.
    """
    curves = draw_curves(len(x), settings, generator)
    position = x.clamp(0, 1) * (settings.knots - 1)
    left = position.floor().clamp(max=settings.knots - 2)
    index = left.long().flatten(1)
    low, high = curves.gather(1, index), curves.gather(1, index + 1)
    return torch.lerp(low, high, (position - left).flatten(1)).reshape(x.shape)


def draw_curves(count: int, settings: GreyCurve, generator: torch.Generator) -> Tensor:
    """Draw (count, knots) float32 levels in [0, 1], the values of the curves at equally spaced grey levels.

    The levels are independent and uniform. Those of a monotone curve are sorted; half of the monotone curves fall.
    """
    device = generator.device
    levels = torch.rand(count, settings.knots, generator=generator, device=device)
    monotone, falls = torch.rand(2, count, 1, generator=generator, device=device)
    rising = levels.sort(dim=1).values
    ordered = torch.where(falls < 0.5, rising.flip(1), rising)
    return torch.where(monotone < settings.monotone, ordered, levels)
