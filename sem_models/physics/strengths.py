"""How strong the distortions of each image are, where a forward model stands for many instruments."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from sem_models.config.degradation import Degradation, Scan

_SHORTEST_STREAK_PX = 0.5


class Strengths(NamedTuple):
    """Factors of what the settings give, each for all images or (N, 1, 1, 1) for each of them."""

    read_noise: float | Tensor = 1.0
    jitter: float | Tensor = 1.0
    banding: float | Tensor = 1.0
    streaks: float | Tensor = 1.0
    streak_length_px: Tensor | None = None
    """None: that of the settings."""


def draw_strengths(settings: Degradation, count: int, generator: torch.Generator) -> Strengths:
    """Draw the strengths of `count` images, as `Degradation.absent` describes; nothing is drawn where it is None."""
    if settings.absent is None:
        return Strengths()
    present, strength = torch.rand(2, 4, count, 1, 1, 1, generator=generator, device=generator.device)
    read_noise, jitter, banding, streaks = torch.where(present < settings.absent, 0.0, strength)
    scan = settings.scan or Scan()
    shortest = math.log(min(_SHORTEST_STREAK_PX, scan.streak_length_px))
    drawn = torch.rand(count, 1, 1, 1, generator=generator, device=generator.device)
    length = torch.exp(shortest + (math.log(scan.streak_length_px) - shortest) * drawn)
    return Strengths(read_noise, jitter, banding, streaks, length)
