"""Losses that compare structure: first and second derivatives, smoothness, structural similarity.

All take float tensors of shape (N, C, H, W), nominally in [0, 1], and return a scalar.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.physics.gradient import central_magnitude, sobel

WINDOW, _SIGMA = 11, 1.5
_K1, _K2 = 0.01, 0.03


def gradient(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean absolute difference of the Sobel derivatives, in intensity per pixel."""
    return F.l1_loss(sobel(output), sobel(target))


def gradient2(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean absolute difference of the Sobel derivatives applied twice, in intensity per pixel squared."""
    return F.l1_loss(sobel(sobel(output)), sobel(sobel(target)))


def gradient_map(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean squared difference of the gradient maps (Ma et al., SPSR, 2020, equation 6)."""
    return F.mse_loss(central_magnitude(output), central_magnitude(target))


def total_variation(output: Tensor, target: Tensor) -> Tensor:  # noqa: ARG001
    """Compute the anisotropic total variation of the output (Rudin, Osher and Fatemi, 1992); the target is ignored.

    It is the mean absolute difference of vertical neighbours plus that of horizontal neighbours.
    """
    down = (output[..., 1:, :] - output[..., :-1, :]).abs().mean()
    right = (output[..., 1:] - output[..., :-1]).abs().mean()
    return down + right


def dissimilarity(output: Tensor, target: Tensor) -> Tensor:
    """Compute 1 - SSIM with a Gaussian window of 11 px, sigma 1.5 px and data range 1 (Wang et al., 2004).

    Height and width must be at least 11 px.
    """
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


_REACH = 3
"""Number of standard deviations after which the Gaussian is cut off."""


def low_frequency(output: Tensor, source: Tensor, sigma_px: float) -> Tensor:
    """Compute the mean absolute difference of two images after a Gaussian low-pass.

    Args:
        output: (N, C, H, W) float, nominally in [0, 1].
        source: Image of the same shape.
        sigma_px: Standard deviation in pixels. H and W must be at least `smallest_patch(sigma_px)`.
    """
    return F.l1_loss(low_pass(output, sigma_px), low_pass(source, sigma_px))


def smallest_patch(sigma_px: float) -> int:
    """Return the smallest height and width for `low_pass`, whose padding can reflect at most the whole image."""
    return _radius(sigma_px) + 1


def low_pass(x: Tensor, sigma_px: float) -> Tensor:
    """Filter (N, C, H, W) float with a Gaussian that is cut off at three sigma; edges are reflected."""
    radius, channels = _radius(sigma_px), x.shape[1]
    offsets = torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype)
    taps = torch.exp(-0.5 * (offsets / sigma_px) ** 2)
    kernel = (taps / taps.sum()).expand(channels, 1, 1, -1)
    padded = F.pad(x, (radius,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel, groups=channels), kernel.transpose(2, 3), groups=channels)


def _radius(sigma_px: float) -> int:
    return math.ceil(_REACH * sigma_px)
