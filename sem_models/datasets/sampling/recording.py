"""Brightness, contrast and 8-bit storage of training patches, as operators of many instruments would have set them."""

import math

import torch
from torch import Tensor

from sem_models.config.training import GreyLevels

_LEVELS = 255


def record(batch: dict[str, Tensor], settings: GreyLevels, generator: torch.Generator) -> dict[str, Tensor]:
    """Give each pair of patches a brightness and contrast of its own, and store some of the inputs in 8 bit.

    Args:
        batch: `input` and `target`, (N, C, h, w) float32; what is 0 to 1 in both becomes a part of that range.
        settings: From which span, place and sign are drawn for each pair.
        generator: Random generator on the device of the batch.

    Returns:
        `input` and `target` of the same shapes. Stored inputs are clipped and rounded; targets never are.
    """
    count = len(batch["input"])
    size, place, falls, kept = torch.rand(4, count, 1, 1, 1, generator=generator, device=generator.device)
    low, high = (math.log(span) for span in settings.span)
    span = torch.exp(low + (high - low) * size)
    black = place * (1 - span)
    inverted = falls < settings.inverted
    gain = torch.where(inverted, -span, span)
    offset = torch.where(inverted, black + span, black)
    given, target = (gain * batch[role] + offset for role in ("input", "target"))
    stored = torch.round(given.clamp(0, 1) * _LEVELS) / _LEVELS
    return {"input": torch.where(kept < settings.stored, stored, given), "target": target}
