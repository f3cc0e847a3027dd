"""Whether an enlarged image, downsampled again, gives the measured image: where it does not, detail was invented."""

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.config.degradation import Downsampling
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.physics.downsampling import downsample


def down_consistency_db(
    output: NDArray[np.float32], low: NDArray[np.float32], scale: int, kind: Downsampling, data_range: float
) -> float:
    """Compute the PSNR in dB of the downsampled output against the input; at most 100 dB, about 45 dB is consistent.

    Noise in the input counts: a method that removes noise of standard deviation s cannot exceed
    -20 log10(s / data_range).

    Args:
        output: (C, h x scale, w x scale), the whole image, because the operator reaches over borders; not clipped.
        low: (C, h, w), the input of the method.
        scale: How many times larger the output is.
        kind: The operator that made the input from the target; it is applied to the output without noise.
        data_range: Value of white.
    """
    shrunk = downsample(torch.from_numpy(np.ascontiguousarray(output))[None], scale, kind)[0].numpy()
    return psnr_db(shrunk, low, data_range)
