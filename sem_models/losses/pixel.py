"""Losses that compare pixel by pixel. All take (N, C, H, W) float in [0, 1] nominal and return a scalar."""

import torch
import torch.nn.functional as F
from torch import Tensor

_CHARBONNIER_EPSILON = 1e-3
_LEAST_PROBABILITY = 1e-6


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error."""
    return F.l1_loss(output, target)


def mse(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error."""
    return F.mse_loss(output, target)


def charbonnier(output: Tensor, target: Tensor) -> Tensor:
    """Mean of sqrt(d^2 + eps^2) with eps = 1e-3: L1 that is smooth at zero (Lai et al., CVPR 2017)."""
    return torch.sqrt((output - target) ** 2 + _CHARBONNIER_EPSILON**2).mean()


def bce(output: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross-entropy of probabilities against grey targets, both cut to [0, 1]; in float32 throughout.

    It is least at output = target, where the entropy of the target remains. Beyond 1e-6 of 0 and 1 there is no slope.
    Not torch's own: that is refused under autocast, and takes no targets outside [0, 1].
    """
    p = output.float().clamp(_LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    t = target.float().clamp(0, 1)
    return -(t * p.log() + (1 - t) * torch.log1p(-p)).mean()
