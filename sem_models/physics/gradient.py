"""Intensity gradients of images, as losses, metrics and gradient branches use them."""

import torch
import torch.nn.functional as F
from torch import Tensor

_MAGNITUDE_EPSILON = 1e-6


def sobel(x: Tensor) -> Tensor:
    """Sobel derivatives down and right, in intensity per pixel: (N, C, H, W) to (N, 2 C, H, W).

    The kernels are normalised by 8, so that a ramp of slope s gives s; edges are repeated outwards.
    """
    down = torch.tensor([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]], device=x.device, dtype=x.dtype) / 8
    kernels = torch.stack([down, down.T])[:, None]
    n, channels, height, width = x.shape
    planes = F.pad(x.reshape(n * channels, 1, height, width), (1, 1, 1, 1), mode="replicate")
    return F.conv2d(planes, kernels).reshape(n, 2 * channels, height, width)


def central_magnitude(x: Tensor) -> Tensor:
    """Gradient map of SPSR (Ma et al., CVPR 2020): sqrt(v^2 + h^2 + 1e-6) of differences over two pixels.

    (N, C, H, W) to the same shape, in intensity per two pixels; zeros outside the image as in the paper's code would
    draw a frame around every patch, so edges are repeated outwards.
    """
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    down = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
    right = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
    return torch.sqrt(down**2 + right**2 + _MAGNITUDE_EPSILON)
