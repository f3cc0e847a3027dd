"""Losses that compare pixel by pixel. All take (N, C, H, W) float in [0, 1] nominal and return a scalar."""

import torch
import torch.nn.functional as F
from torch import Tensor

_CHARBONNIER_EPSILON = 1e-3


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error."""
    return F.l1_loss(output, target)


def mse(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error."""
    return F.mse_loss(output, target)


def charbonnier(output: Tensor, target: Tensor) -> Tensor:
    """Mean of sqrt(d^2 + eps^2) with eps = 1e-3: L1 that is smooth at zero (Lai et al., CVPR 2017)."""
    return torch.sqrt((output - target) ** 2 + _CHARBONNIER_EPSILON**2).mean()
