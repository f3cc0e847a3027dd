"""Intensity gradients of images, for losses, scores and gradient branches."""

import torch
import torch.nn.functional as F
from torch import Tensor

_MAGNITUDE_EPSILON = 1e-6


def sobel(x: Tensor) -> Tensor:
    """Compute the vertical and horizontal Sobel derivatives, in intensity per pixel: (N, C, H, W) to (N, 2 C, H, W).

    The kernels are divided by 8, so that a ramp of slope s gives s. Edges are replicated.
    """
    down = torch.tensor([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]], device=x.device, dtype=x.dtype) / 8
    kernels = torch.stack([down, down.T])[:, None]
    n, channels, height, width = x.shape
    planes = F.pad(x.reshape(n * channels, 1, height, width), (1, 1, 1, 1), mode="replicate")
    return F.conv2d(planes, kernels).reshape(n, 2 * channels, height, width)


def central_magnitude(x: Tensor) -> Tensor:
    """Compute the gradient map of SPSR (Ma et al., CVPR 2020): sqrt(v^2 + h^2 + 1e-6) of differences over two pixels.

    The shape (N, C, H, W) is kept; values are in intensity per two pixels. Edges are replicated, because padding with
    zeros, as in the code of the paper, would draw a frame around every patch.
    """
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    down = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
    right = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
    return torch.sqrt(down**2 + right**2 + _MAGNITUDE_EPSILON)
