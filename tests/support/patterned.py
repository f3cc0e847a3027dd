"""Weights by a fixed rule, so that numbers stored from another implementation with the same weights can be compared."""

import hashlib
import math

import numpy as np
import torch
from torch import Tensor, nn


def uniform(name: str, shape: tuple[int, ...]) -> Tensor:
    """Return float32 from -1 to 1 that depend on name and shape alone: raw PCG64, whose stream NumPy never changes."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    raw = np.random.PCG64(seed).random_raw(math.prod(shape)).astype(np.float64) / 2**64
    return torch.from_numpy((2 * raw - 1).astype(np.float32)).reshape(shape)


def patterned(network: nn.Module) -> nn.Module:
    """Fill all parameters: weights as large as their fan-in allows, scales around 1, the rest up to 0.2."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            values = uniform(name, tuple(parameter.shape))
            if parameter.ndim > 1 and name.endswith("weight"):
                values = values * (3 / parameter[0].numel()) ** 0.5
            elif name.endswith("weight"):
                values = 1 + 0.2 * values
            else:
                values = 0.2 * values
            parameter.copy_(values)
    return network.eval()


def patterned_image(height: int, width: int, frame_px: int = 0) -> Tensor:
    """(1, 1, H, W) from 0 to 1; a frame of 0 makes zero padding and replicated edges the same."""
    image = (uniform("image", (1, 1, height, width)) + 1) / 2
    inner = torch.zeros_like(image)
    cut = np.s_[..., frame_px : height - frame_px, frame_px : width - frame_px]
    inner[cut] = image[cut]
    return inner
