"""Scores of one image against its truth, and the table that lists them all.

The data range is always given, never measured on the image. Adding a score means one function and one line here.
scikit-image's metrics are imported where they are called: they bring SciPy's statistics, which take seconds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from sem_models.evaluation.metrics.frequency import frc_mean, frc_resolution_px, spectrum_distance_db
from sem_models.evaluation.metrics.gradients import edge_retention, gradient_error
from sem_models.evaluation.metrics.segmentation import CLASSES
from sem_models.evaluation.metrics.ssim import ssim, ssim_gaussian
from sem_models.images.intensity import UnitImage
from sem_models.physics.simulators.columns import SUBLATTICES

_LARGEST_PSNR_DB = 100.0


def mse(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """Compute the mean squared error of (H, W) images in units of the squared data range."""
    from skimage.metrics import mean_squared_error

    return float(mean_squared_error(target, output)) / data_range**2


def psnr_db(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """Compute 10 log10(range^2 / MSE) in dB, at most 100 dB, so that a perfect image keeps means finite."""
    from skimage.metrics import peak_signal_noise_ratio

    with np.errstate(divide="ignore"):
        value = float(peak_signal_noise_ratio(target, output, data_range=data_range))
    return min(value, _LARGEST_PSNR_DB)


def psnr_affine_db(output: UnitImage, target: UnitImage, data_range: float) -> float:
    """`psnr_db` of gain x output + offset, the two that fit the target best in the least-squares sense.

    Two instruments, or two settings of one, count in different grey levels; what is left after the fit is structure
    and noise. A flat output is fitted by the mean of the target. (H, W) each, not clipped.
    """
    flat, sharp = output.astype(np.float64).ravel(), target.astype(np.float64).ravel()
    centred = flat - flat.mean()
    power = float(centred @ centred)
    gain = float(centred @ sharp) / power if power > 0 else 0.0
    return psnr_db((gain * centred + sharp.mean()).astype(np.float32), target.ravel(), data_range)


Family = Literal["Pixel errors", "Structure", "Trained features", "Against the input", "Lattice", "Texture", "Classes"]


@dataclass(frozen=True)
class Metric:
    """One column of a results table."""

    label: str
    ideal: float
    """The best possible value: infinity if higher is better, 0 if lower is better; a ratio is best at 1."""
    compute: Callable[[UnitImage, UnitImage, float], float] | None = None
    """Takes output, target and data range; None if `scorer.py` computes it from more than these."""
    unit: str = ""
    """Unit of the score and of its differences; empty if there is none."""
    signed: bool = False
    """Whether values on both sides of a best value of 0 occur, so that lower is not better."""
    family: Family = field(kw_only=True)
    """What it measures: scores of one family are read together."""

    @property
    def in_between(self) -> bool:
        """Whether values on both sides of the best one occur."""
        return self.signed or 0 < self.ideal < math.inf

    @property
    def heading(self) -> str:
        """Heading of a column: `PSNR (dB) ↑`, `MSE ↓`, or `Edge retention → 1` if the best value lies in between."""
        return f"{self.label} {f'→ {self.ideal:g}' if self.in_between else '↓' if self.ideal == 0 else '↑'}"


def _of_sublattice(kind: str) -> dict[str, Metric]:
    """Return the scores that each sub-lattice of a simulated crystal has."""
    head = f"{kind.capitalize()} columns"
    return {
        f"column_f1_{kind}": Metric(f"{head}, F1", math.inf, family="Lattice"),
        f"column_precision_{kind}": Metric(f"{head}, precision", math.inf, family="Lattice"),
        f"column_recall_{kind}": Metric(f"{head}, recall", math.inf, family="Lattice"),
        f"column_intensity_bias_{kind}": Metric(f"{head}, relative intensity bias", 0, signed=True, family="Lattice"),
        f"column_intensity_rms_{kind}": Metric(f"{head}, relative intensity error", 0, family="Lattice"),
        f"column_rms_px_{kind}": Metric(f"{head}, position error (px)", 0, unit="px", family="Lattice"),
        f"column_rms_pm_{kind}": Metric(f"{head}, position error (pm)", 0, unit="pm", family="Lattice"),
        f"column_bound_ratio_{kind}": Metric(f"{head}, position error / Cramér-Rao bound", 0, family="Lattice"),
    }


METRICS: dict[str, Metric] = {
    "psnr_db": Metric("PSNR (dB)", math.inf, psnr_db, unit="dB", family="Pixel errors"),
    "psnr_affine_db": Metric("PSNR after affine fit (dB)", math.inf, unit="dB", family="Pixel errors"),
    "ssim": Metric("SSIM (7 x 7)", math.inf, ssim, family="Structure"),
    "ssim_gaussian": Metric("SSIM (Gaussian 11 x 11)", math.inf, ssim_gaussian, family="Structure"),
    "mse": Metric("MSE", 0, mse, unit="data range²", family="Pixel errors"),
    "gradient_error": Metric("Gradient error (1/px)", 0, gradient_error, unit="1/px", family="Structure"),
    "edge_retention": Metric("Edge retention", 1, edge_retention, family="Structure"),
    "spectrum_distance_db": Metric("Spectrum distance (dB)", 0, spectrum_distance_db, unit="dB", family="Structure"),
    "frc_mean": Metric("FRC mean", math.inf, frc_mean, family="Structure"),
    "frc_resolution_px": Metric("FRC 1/7 resolution (px)", 0, frc_resolution_px, unit="px", family="Structure"),
    "frc_resolution_nm": Metric("FRC 1/7 resolution (nm)", 0, unit="nm", family="Structure"),
    "lpips_alex": Metric("LPIPS (AlexNet)", 0, family="Trained features"),
    "dists": Metric("DISTS", 0, family="Trained features"),
    "down_consistency_db": Metric("Down-consistency (dB)", math.inf, unit="dB", family="Against the input"),
    "hidden_psnr_db": Metric("PSNR of hidden pixels (dB)", math.inf, unit="dB", family="Pixel errors"),
    "blur_gain_db": Metric("Gain where blurred (dB)", math.inf, unit="dB", family="Against the input"),
    "sharp_identity_db": Metric(
        "Output against input where sharp (dB)", math.inf, unit="dB", family="Against the input"
    ),
    "response_auc": Metric("Response AUC", math.inf, family="Against the input"),
    "atom_f1": Metric("Atom F1, detected in the target", math.inf, family="Lattice"),
    "atom_rms_period": Metric(
        "Atom position error, detected in the target (periods)", 0, unit="periods", family="Lattice"
    ),
    "column_f1": Metric("Column F1, simulated centres", math.inf, family="Lattice"),
    "column_precision": Metric("Column precision", math.inf, family="Lattice"),
    "column_recall": Metric("Column recall", math.inf, family="Lattice"),
    "column_gain": Metric("Column intensity, gain", 1, family="Lattice"),
    **{name: metric for kind in SUBLATTICES for name, metric in _of_sublattice(kind).items()},
    "vacancy_recall": Metric("Vacancies found", math.inf, family="Lattice"),
    "vacancy_false_alarms": Metric("Vacancies, false alarms per column", 0, family="Lattice"),
    "vacancy_chance": Metric("Vacancies found by chance", 0, family="Lattice"),
    "vacancy_auc": Metric("Vacancy AUC", math.inf, family="Lattice"),
    "dent_recall": Metric("Dents found", math.inf, family="Lattice"),
    "dent_false_alarms": Metric("Dents, false alarms per image", 0, unit="per image", family="Lattice"),
    "dent_chance": Metric("Dents found by chance", 0, family="Lattice"),
    "dent_correlation": Metric("Dent correlation", math.inf, family="Lattice"),
    "lattice_peak_db": Metric("Lattice peaks (dB)", 0, unit="dB", signed=True, family="Lattice"),
    "std_ratio": Metric("Standard deviation, output / target", 1, family="Texture"),
    "gradient_energy_ratio": Metric("Gradient energy, output / target", 1, family="Texture"),
    "slope_difference": Metric("Spectrum slope, output - target", 0, signed=True, family="Texture"),
    "grey_range_ratio": Metric("1-99 % range, output / target", 1, family="Texture"),
    "histogram_distance": Metric("Histogram distance", 0, unit="data range", family="Texture"),
    "dice": Metric("Dice", math.inf, family="Classes"),
    **{f"dice_{index}": Metric(f"Dice of class {index}", math.inf, family="Classes") for index in CLASSES},
    "iou": Metric("IoU", math.inf, family="Classes"),
    **{f"iou_{index}": Metric(f"IoU of class {index}", math.inf, family="Classes") for index in CLASSES},
}
"""All metrics by name, in the order of the columns."""
LABELS = {name: metric.label for name, metric in METRICS.items()}
