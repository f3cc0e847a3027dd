"""What `starter:denoise` is compared with: the filters of every denoising table, and BM3D that is told the noise."""

import importlib
import importlib.util
from collections.abc import Callable

import numpy as np

from sem_models.evaluation.baselines.filters import non_local_means, total_variation
from sem_models.images.intensity import UnitImage

Method = Callable[[UnitImage, float], UnitImage]
"""Takes (H, W) in unit intensity and its dose in e/px."""
READ_NOISE = 0.02
BM3D = "BM3D, told dose and read noise"


def methods() -> dict[str, Method]:
    """The methods without training by name; BM3D (`pip install bm3d`, for non-commercial use) if it is installed."""
    found: dict[str, Method] = {
        "non-local means": lambda image, _: non_local_means(image),
        "total variation": lambda image, _: total_variation(image),
    }
    if importlib.util.find_spec("bm3d"):
        found[BM3D] = block_matching
    return found


def block_matching(image: UnitImage, dose_e_per_px: float) -> UnitImage:
    """BM3D (Dabov et al., 2007) between a generalised Anscombe transform and its closed-form unbiased inverse.

    After the transform 2 sqrt(z + 3/8 + s^2) of electrons z with read noise s, noise has unit variance. The inverse is
    that of Mäkitalo and Foi (IEEE TIP 2013, equation 10).
    """
    bm3d = importlib.import_module("bm3d")
    offset = 0.375 + (READ_NOISE * dose_e_per_px) ** 2
    stable = 2 * np.sqrt(np.maximum(image.astype(np.float64) * dose_e_per_px + offset, 0))
    low, high = float(stable.min()), float(stable.max())
    span = max(high - low, 1e-6)
    d = np.maximum(bm3d.bm3d((stable - low) / span, 1 / span) * span + low, 2 * np.sqrt(offset))
    root = np.sqrt(1.5)
    electrons = d**2 / 4 + root / (4 * d) - 11 / (8 * d**2) + 5 * root / (8 * d**3) - 0.125 - (offset - 0.375)
    restored: UnitImage = (electrons / dose_e_per_px).astype(np.float32)
    return restored
