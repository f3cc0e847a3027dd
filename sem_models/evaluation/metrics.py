"""Scores of one image against its truth, and the table that lists them all.

The data range is always stated, never taken from the image. Adding a score means one function and one line here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from sem_models.evaluation.gradients import edge_retention, gradient_error
from sem_models.evaluation.ring_correlation import frc_mean, frc_resolution_px
from sem_models.evaluation.segmentation import CLASSES
from sem_models.evaluation.spectrum import spectrum_distance_db

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

    label: str
    ideal: float
    """The best value there is: infinity where higher is better, 0 where lower is; a ratio is best at 1."""
    compute: Callable[[Image, Image, float], float] | None = None
    """Of output, target and data range; None where more than the two is needed, which `scorer.py` knows."""
    unit: str = ""
    """Of the score and of differences of it; empty where there is none."""
    signed: bool = False
    """Whether it falls below a best value of 0 as well, so that lower is not better."""

    @property
    def in_between(self) -> bool:
        """Whether values on both sides of the best one occur."""
        return self.signed or 0 < self.ideal < math.inf

    @property
    def heading(self) -> str:
        """`PSNR (dB) ↑`, `MSE ↓`, or `Edge retention → 1` where the best value lies in between."""
        return f"{self.label} {f'→ {self.ideal:g}' if self.in_between else '↓' if self.ideal == 0 else '↑'}"

    def shortfall(self, value: float) -> float:
        """How far a value is from the best: the lower, the better, whatever the metric. NaN stays NaN."""
        return -value if self.ideal == math.inf else abs(value - self.ideal)


METRICS: dict[str, Metric] = {
    "psnr_db": Metric("PSNR (dB)", math.inf, psnr_db, unit="dB"),
    "ssim": Metric("SSIM", math.inf, ssim),
    "mse": Metric("MSE", 0, mse, unit="data range²"),
    "gradient_error": Metric("Gradient error (1/px)", 0, gradient_error, unit="1/px"),
    "edge_retention": Metric("Edge retention", 1, edge_retention),
    "spectrum_distance_db": Metric("Spectrum distance (dB)", 0, spectrum_distance_db, unit="dB"),
    "frc_mean": Metric("FRC mean", math.inf, frc_mean),
    "frc_resolution_px": Metric("FRC 1/7 resolution (px)", 0, frc_resolution_px, unit="px"),
    "frc_resolution_nm": Metric("FRC 1/7 resolution (nm)", 0, unit="nm"),
    "lpips_alex": Metric("LPIPS (AlexNet)", 0),
    "dists": Metric("DISTS", 0),
    "down_consistency_db": Metric("Down-consistency (dB)", math.inf, unit="dB"),
    "blur_gain_db": Metric("Gain where blurred (dB)", math.inf, unit="dB"),
    "sharp_identity_db": Metric("Output against input where sharp (dB)", math.inf, unit="dB"),
    "response_auc": Metric("Response AUC", math.inf),
    "atom_f1": Metric("Atom F1", math.inf),
    "atom_rms_period": Metric("Atom position error (periods)", 0, unit="periods"),
    "dent_correlation": Metric("Dent correlation", math.inf),
    "lattice_peak_db": Metric("Lattice peaks (dB)", 0, unit="dB", signed=True),
    "contrast_ratio": Metric("Contrast ratio", 1),
    "histogram_distance": Metric("Histogram distance", 0),
    "dice": Metric("Dice", math.inf),
    **{f"dice_{index}": Metric(f"Dice of class {index}", math.inf) for index in CLASSES},
    "iou": Metric("IoU", math.inf),
    **{f"iou_{index}": Metric(f"IoU of class {index}", math.inf) for index in CLASSES},
}
"""In the order of the columns."""
LABELS = {name: metric.label for name, metric in METRICS.items()}
