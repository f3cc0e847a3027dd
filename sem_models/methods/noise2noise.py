"""Noise2Noise (Lehtinen et al., ICML 2018): denoise from two noisy frames of each field.

The noise of the second frame cannot be told from the first, and its mean is zero: under a squared error the best
answer is the signal.
"""

import torch
from torch import Tensor

from sem_models.methods.base import Batch
from sem_models.methods.stages import Stage
from sem_models.methods.supervised import Supervised


class Noise2Noise(Supervised):
    """Supervised, with the other frame as the target, in both directions."""

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Weighted losses by name."""
        return super().training_step(half_swapped(batch), part, stage)


def half_swapped(batch: Batch) -> Batch:
    """Input and target exchanged in the first half of the batch: neither frame is only ever asked or only ever told."""
    half = len(batch["input"]) // 2
    first, second = batch["input"], batch["target"]
    return {
        "input": torch.cat([second[:half], first[half:]]),
        "target": torch.cat([first[:half], second[half:]]),
    }
