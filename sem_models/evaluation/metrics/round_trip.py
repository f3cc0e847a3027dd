"""How much of an image is preserved when it is translated to another contrast and back.

This does not score the translation: two models that hide the image in invisible patterns, or change nothing, reproduce
it perfectly (Chu, Zhmoginov and Sandler, 2017). The difference between image and translation is therefore given, too.
"""

from collections.abc import Callable

import numpy as np

from sem_models.evaluation.metrics.ssim import ssim
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.images.intensity import UnitImage

Translate = Callable[[UnitImage], UnitImage]
_RANGE = 1.0


def round_trip(image: UnitImage, there: Translate, back: Translate) -> dict[str, float]:
    """Score A -> B -> A against A, clipped to [0, 1], by PSNR in dB, SSIM and mean absolute error.

    Args:
        image: (C, H, W) float32 in unit intensity, in contrast A.
        there: Translates from A to B, keeping the size.
        back: Translates from B to A.

    Returns:
        `psnr_db`, `ssim`, `mae`; `mae_between`, the mean absolute difference between image and translation, near 0 if
        nothing was translated; and `floor_psnr_db`, the baseline of a flat image of the mean grey.
    """
    first = _grey(image)
    between = np.clip(there(image), 0, 1).astype(np.float32)
    last = _grey(back(between))
    flat = np.full_like(first, first.mean())
    return {
        "psnr_db": psnr_db(last, first, _RANGE),
        "ssim": ssim(last, first, _RANGE),
        "mae": float(np.abs(last - first).mean()),
        "mae_between": float(np.abs(_grey(between) - first).mean()),
        "floor_psnr_db": psnr_db(flat, first, _RANGE),
    }


def _grey(image: UnitImage) -> UnitImage:
    return np.asarray(np.clip(image, 0, 1).mean(axis=0), np.float32)
