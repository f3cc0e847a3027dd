"""Losses of a segmentation: (N, K, H, W) logits against a one-hot label map of that shape, float32; a scalar each."""

import torch
import torch.nn.functional as F
from torch import Tensor

LOGIT_LOSSES = ("cross_entropy", "soft_dice")
_SMOOTH_PX = 1.0


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over pixels of -log of the probability of the right class, in nats."""
    return F.cross_entropy(logits, target)


def soft_dice(logits: Tensor, target: Tensor) -> Tensor:
    """1 - mean over classes of 2 |P T| / (|P| + |T|), with probabilities P, over the batch (Milletari et al., 2016).

    Sums without squares, and one pixel added to both sides of the fraction, so that a class that is absent from the
    batch counts as found where it gets no probability.
    """
    dims = (0, 2, 3)
    probabilities = torch.softmax(logits.float(), 1)
    shared = (probabilities * target).sum(dims)
    total = probabilities.sum(dims) + target.sum(dims)
    return 1 - ((2 * shared + _SMOOTH_PX) / (total + _SMOOTH_PX)).mean()
