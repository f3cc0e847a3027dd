"""Losses that compare images pixel by pixel.

All take float tensors of shape (N, C, H, W), nominally in [0, 1], and return a scalar.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_CHARBONNIER_EPSILON = 1e-3
_ROUNDING_MSE = 1e-6
_LEAST_PROBABILITY = 1e-6


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean absolute error."""
    return F.l1_loss(output, target)


def mse(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean squared error."""
    return F.mse_loss(output, target)


def gaussian_nll(mean: Tensor, log_variance: Tensor, target: Tensor) -> Tensor:
    """Compute the mean negative logarithm, in nats, of a Gaussian's density at the target, without the constant."""
    return ((log_variance + (target - mean) ** 2 * torch.exp(-log_variance)) / 2).mean()


def charbonnier(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean of sqrt(d^2 + eps^2), eps = 1e-3: L1 made smooth at zero (Lai et al., CVPR 2017)."""
    return torch.sqrt((output - target) ** 2 + _CHARBONNIER_EPSILON**2).mean()


def log_mse(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean over images of ln(mse + 1e-6), so that a decibel counts alike at every noise level and contrast.

    This is the PSNR loss of NAFNet (Chen et al., ECCV 2022) up to a factor. The constant is the error of rounding to 8
    bit, (1 / 255)^2 / 12 = 1.3e-6, below which nothing can be gained.
    """
    return torch.log(((output - target) ** 2).mean(dim=(1, 2, 3)) + _ROUNDING_MSE).mean()


def bce(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean binary cross-entropy, in nats, of probabilities and grey targets, both clipped to [0, 1].

    It is computed in float32. It is smallest where output and target are equal; what remains there is the entropy of
    the target. The gradient vanishes for outputs within 1e-6 of 0 and 1. The function of torch is not used because it
    fails under autocast and rejects targets outside [0, 1].
    """
    p = output.float().clamp(_LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    t = target.float().clamp(0, 1)
    return -(t * p.log() + (1 - t) * torch.log1p(-p)).mean()
