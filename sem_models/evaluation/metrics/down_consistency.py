"""Whether an enlarged image, shrunk again, is the image that was measured: where it is not, detail was invented."""

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.config.degradation import Downsampling
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.physics.downsampling import downsample


def down_consistency_db(
    output: NDArray[np.float32], low: NDArray[np.float32], scale: int, kind: Downsampling, data_range: float
) -> float:
    """PSNR in dB of the shrunk output against the input; at most 100 dB, some 45 dB and more is honest.

    Noise in the input is part of it: a method that removes noise s cannot pass -20 log10(s / data_range).

    Args:
        output: (C, h x scale, w x scale), whole, as the operator reaches over every border, and not clipped.
        low: (C, h, w), what the method was given.
        scale: Factor between the two.
        kind: The operator that made the input of the target, which is applied to the output without noise.
        data_range: Value of white.
    """
    shrunk = downsample(torch.from_numpy(np.ascontiguousarray(output))[None], scale, kind)[0].numpy()
    return psnr_db(shrunk, low, data_range)
