"""Losses that compare structure: gradients of first and second order, smoothness, structural similarity.

All take (N, C, H, W) float, [0, 1] nominal, and return a scalar.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.physics.gradient import central_magnitude, sobel

WINDOW, _SIGMA = 11, 1.5
_K1, _K2 = 0.01, 0.03


def gradient(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of the Sobel derivatives, in intensity per pixel."""
    return F.l1_loss(sobel(output), sobel(target))


def gradient2(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of the Sobel derivatives of the Sobel derivatives, in intensity per pixel squared."""
    return F.l1_loss(sobel(sobel(output)), sobel(sobel(target)))


def gradient_map(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of the gradient maps (Ma et al., SPSR, 2020, equation 6)."""
    return F.mse_loss(central_magnitude(output), central_magnitude(target))


def total_variation(output: Tensor, target: Tensor) -> Tensor:  # noqa: ARG001
    """Mean absolute difference of neighbours of the output alone (Rudin, Osher and Fatemi, 1992, anisotropic)."""
    down = (output[..., 1:, :] - output[..., :-1, :]).abs().mean()
    right = (output[..., 1:] - output[..., :-1]).abs().mean()
    return down + right


def dissimilarity(output: Tensor, target: Tensor) -> Tensor:
    """1 - SSIM, Gaussian window of 11 px, sigma 1.5, data range 1 (Wang et al., 2004); patches of 11 px or more."""
    channels = output.shape[1]
    taps = torch.exp(-0.5 * ((torch.arange(WINDOW, device=output.device) - WINDOW // 2) / _SIGMA) ** 2)
    taps = (taps / taps.sum()).to(output.dtype)
    kernel = (taps[:, None] * taps[None, :]).expand(channels, 1, WINDOW, WINDOW)

    def mean(x: Tensor) -> Tensor:
        return F.conv2d(x, kernel, groups=channels)

    mu_o, mu_t = mean(output), mean(target)
    var_o, var_t = mean(output**2) - mu_o**2, mean(target**2) - mu_t**2
    covariance = mean(output * target) - mu_o * mu_t
    light = (2 * mu_o * mu_t + _K1**2) / (mu_o**2 + mu_t**2 + _K1**2)
    structure = (2 * covariance + _K2**2) / (var_o + var_t + _K2**2)
    return 1 - (light * structure).mean()
