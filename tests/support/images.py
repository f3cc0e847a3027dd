"""Images for tests."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor


def smooth_images(count: int, size: int = 96, seed: int = 0) -> list[np.ndarray]:
    """Textured 8-bit images whose detail a small network can learn to sharpen."""
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(count):
        blobs = gaussian_filter(rng.standard_normal((size, size)), 2.5) > 0
        image = 60 + 130 * gaussian_filter(blobs.astype(float), 0.7)
        images.append(np.clip(image, 0, 255).astype(np.uint8))
    return images


def natural(height: int, width: int, sigma: float = 2.5, seed: int = 0) -> Tensor:
    """(1, 1, H, W): two-phase texture with soft edges, in [0.2, 0.8]."""
    blobs = gaussian_filter(np.random.default_rng(seed).standard_normal((height, width)), sigma) > 0
    return torch.from_numpy(0.2 + 0.6 * gaussian_filter(blobs.astype(np.float32), sigma / 3))[None, None]
