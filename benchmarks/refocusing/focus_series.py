"""A real focus series: defocused frames are registered, refocused, and compared with the sharpest frame.

    python -m benchmarks.refocusing.focus_series --home FOLDER [--data FOLDER] [--picture FILE]

Writes `focus_series.json` next to this file. FILE receives crops of all frames, which are not stored in the repository.
The noise of the sharpest frame limits every score: a perfectly refocused frame would reach `ceiling_psnr_db`.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from benchmarks.refocusing.table import NOISY
from benchmarks.refocusing.trained import options, trained_model
from sem_models.datasets.registration.phase_correlation import crop_to_overlap, find_shift
from sem_models.evaluation.baselines.filters import noise_sigma
from sem_models.evaluation.metrics.frequency import frc_mean
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.images.channels import to_grey
from sem_models.images.io.read import read_micrograph
from sem_models.inference.predictor import Predictor

HERE = Path(__file__).resolve().parent
SHARPEST, DEFOCUSED = "pert5000", ("base", "pert-5000")
Frame = NDArray[np.float32]
_ALIKE_PX = 6.0
_CROP = np.s_[200:500, 300:700]


def frame(data: Path, name: str) -> Frame:
    """The frame, (H, W) in unit intensity."""
    (path,) = (data / "sem_focus_series").glob(f"*_{name}.png")
    grey: Frame = (to_grey(read_micrograph(path)).pixels[..., 0] / 255).astype(np.float32)
    return grey


def aligned(moving: Frame, fixed: Frame) -> tuple[Frame, Frame]:
    """Crop both to their common field by whole pixels; both are smoothed for the search, as one is much blurrier."""
    shift = find_shift(gaussian_filter(fixed, _ALIKE_PX), gaussian_filter(moving, _ALIKE_PX))
    first, second = crop_to_overlap(fixed[..., None], moving[..., None], shift)
    cut: tuple[Frame, Frame] = (second[..., 0], first[..., 0])
    return cut


def matched(image: Frame, reference: Frame) -> Frame:
    """Fit offset and slope of the grey levels to the reference, because detector settings differ between frames."""
    slope, offset = np.polyfit(image.ravel(), reference.ravel(), 1)
    fitted: Frame = (slope * image + offset).astype(np.float32)
    return fitted


def against(image: Frame, reference: Frame) -> dict[str, float]:
    """Scores against the sharpest frame."""
    fitted = matched(image, reference)
    return {"psnr_db": psnr_db(fitted, reference, 1.0), "frc_mean": frc_mean(fitted, reference, 1.0)}


def main() -> None:
    """Score both defocused frames, as recorded and after refocusing."""
    chosen = options(__doc__)
    run_id, model = trained_model(NOISY)
    predictor = Predictor(model)
    sharpest = frame(chosen.data, SHARPEST)
    found: dict[str, object] = {"run_id": run_id, "ceiling_psnr_db": -20 * float(np.log10(noise_sigma(sharpest)))}
    panels = []
    for name in DEFOCUSED:
        recorded, reference = aligned(frame(chosen.data, name), sharpest)
        restored = predictor.predict_unit(recorded[None])[0]
        found[name] = {"recorded": against(recorded, reference), "refocused": against(restored, reference)}
        panels.append(np.hstack([recorded[_CROP], restored[_CROP], reference[_CROP]]))
    (HERE / "focus_series.json").write_text(json.dumps(found, indent=1) + "\n")
    if chosen.picture:
        Image.fromarray(np.uint8(np.clip(np.vstack(panels), 0, 1) * 255)).save(chosen.picture)


if __name__ == "__main__":
    main()
