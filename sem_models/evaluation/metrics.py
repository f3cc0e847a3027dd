"""Scores of one image against its truth; the data range is always stated, never taken from the image."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

Image = NDArray[np.float32]
_SSIM_WINDOW = 7
_LARGEST_PSNR_DB = 100.0


def mse(output: Image, target: Image, data_range: float) -> float:
    """Mean squared error in units of the squared data range; (H, W) each."""
    return float(mean_squared_error(target, output)) / data_range**2


def psnr_db(output: Image, target: Image, data_range: float) -> float:
    """10 log10(range^2 / MSE) in dB, at most 100 dB so that a perfect image keeps means finite."""
    with np.errstate(divide="ignore"):
        value = float(peak_signal_noise_ratio(target, output, data_range=data_range))
    return min(value, _LARGEST_PSNR_DB)


def ssim(output: Image, target: Image, data_range: float) -> float:
    """Structural similarity as scikit-image computes it by default: uniform 7 x 7 window (Wang et al., 2004)."""
    if min(target.shape) < _SSIM_WINDOW:
        return float("nan")
    return float(structural_similarity(target, output, data_range=data_range))


@dataclass(frozen=True)
class Metric:
    """One column of a results table."""

    compute: Callable[[Image, Image, float], float]
    higher_is_better: bool
    label: str


METRICS: dict[str, Metric] = {
    "psnr_db": Metric(psnr_db, True, "PSNR (dB)"),
    "ssim": Metric(ssim, True, "SSIM"),
    "mse": Metric(mse, False, "MSE"),
}
HIGHER_IS_BETTER = {**{name: metric.higher_is_better for name, metric in METRICS.items()}, "lpips_alex": False}
LABELS = {**{name: metric.label for name, metric in METRICS.items()}, "lpips_alex": "LPIPS (AlexNet)"}
"""Column headings, in the order of the columns."""
