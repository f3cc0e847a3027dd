"""Losses for segmentation.

They compare logits with a one-hot label map, both float32 of shape (N, K, H, W) for K classes, and return a scalar.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

LOGIT_LOSSES = ("cross_entropy", "soft_dice")
_SMOOTH_PX = 1.0


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Compute the mean over pixels of the negative log probability of the true class, in nats."""
    return F.cross_entropy(logits, target)


def soft_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Compute 1 minus the mean over classes of 2 |P T| / (|P| + |T|), where P are probabilities and T the target.

    Sums run over the whole batch, without the squares of Milletari et al. (2016). One pixel is added to numerator and
    denominator, so that a class that is absent from the batch scores 1 if it is given no probability.
    """
    dims = (0, 2, 3)
    probabilities = torch.softmax(logits.float(), 1)
    shared = (probabilities * target).sum(dims)
    total = probabilities.sum(dims) + target.sum(dims)
    return 1 - ((2 * shared + _SMOOTH_PX) / (total + _SMOOTH_PX)).mean()
