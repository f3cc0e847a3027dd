"""The width of the blur that two frames give: its error on simulated pairs, what it is worth, and the real series.

    python -m benchmarks.refocusing.two_frames --home FOLDER [--data FOLDER]

FOLDER is the `SEM_HOME` in which `table.py` trained. Writes `two_frames.json`. The frames of a simulated pair are the
centre of a test image, at most 384 px square, blurred by two widths, shifted by whole pixels, and each with noise of
its own as in the training. The wider blurred one is refocused by the model that is told the width: once told the true
width between the frames, and once the measured one; the gain is that over the recorded frame, against the sharper
frame without its noise. The frames of the real series were recorded at steps of 5 micrometres.
"""

import json
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.pools import THREE
from benchmarks.refocusing.focus_series import frame
from benchmarks.refocusing.strength import Field, refocused
from benchmarks.refocusing.table import TOLD
from benchmarks.refocusing.trained import options, trained_model
from sem_models.config.degradation import Blur, Degradation
from sem_models.datasets.dataset import open_dataset
from sem_models.errors import UserError
from sem_models.evaluation.blur_difference import blur_difference
from sem_models.evaluation.restoration import image_seed
from sem_models.inference.told_width import ToldWidthModel
from sem_models.physics.degrade import degrade

HERE = Path(__file__).resolve().parent
PAIRS = ((0.0, 1.0), (0.0, 2.0), (0.0, 3.0), (0.0, 4.0), (1.0, 2.0), (1.0, 4.0), (1.0, 1.0), (2.0, 2.0))
"""Widths of the sharper and of the wider blurred frame."""
SERIES = ("pert5000", "base", "pert-5000")
"""From the sharpest frame, at equal steps of the working distance."""
_SHIFT = (5, -3)
_STEP_UM = 5.0
_EDGE, _MARGIN = 384, 24
Grey = NDArray[np.float32]


class Pair(NamedTuple):
    """Two frames of one field, (H, W) in unit intensity, and the sharper one without noise."""

    sharper: Grey
    wider: Grey
    clean: Grey


def centre(whole: Grey) -> Grey:
    """Crop to what the frames show, with a margin for their shift and blur."""
    top, left = (max(length - _EDGE - 2 * _MARGIN, 0) // 2 for length in whole.shape)
    return whole[top : top + _EDGE + 2 * _MARGIN, left : left + _EDGE + 2 * _MARGIN]


def blurred(whole: Grey, width_px: float, noise: Degradation, seed: int) -> Grey:
    """Degrade a whole image with one width of the blur; 0 is none."""
    settings = noise.model_copy(update={"blur": Blur(size_px=(width_px, width_px)) if width_px else None})
    generator = torch.Generator().manual_seed(seed)
    made: Grey = degrade(torch.from_numpy(whole)[None, None], settings, generator)[0, 0].numpy()
    return made


def pair(whole: Grey, widths: tuple[float, float], noise: Degradation, seed: int) -> Pair:
    """Crop both frames to the centre; the sharper one shows a field that is shifted by a few pixels."""
    edge = min(_EDGE, *(length - 2 * max(map(abs, _SHIFT)) for length in whole.shape))
    top, left = ((length - edge) // 2 for length in whole.shape)
    here = np.s_[top : top + edge, left : left + edge]
    there = np.s_[top + _SHIFT[0] : top + _SHIFT[0] + edge, left + _SHIFT[1] : left + _SHIFT[1] + edge]
    sharper, wider = (blurred(whole, width, noise, seed + index) for index, width in enumerate(widths))
    return Pair(sharper[there], wider[here], blurred(whole, widths[0], Degradation(scale=1), seed)[here])


def measured(frames: Pair) -> dict[str, Any]:
    """Measure the difference of the two frames, or say that it was refused."""
    try:
        found = blur_difference(frames.wider, frames.sharper)
    except UserError as error:
        return {"refused": str(error)}
    return {
        "width_px": round(found.relative_width_px, 3),
        "error_px": round(found.relative_error_px, 3),
        "variance_px2": round(found.variance_px2, 4),
        "variance_error_px2": round(found.error_px2, 4),
    }


def simulated(model: ToldWidthModel, home: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Widths and gains by pair of widths and by test image."""
    dataset = open_dataset(home / "datasets" / THREE.dataset)
    noise = model.recipe.degradation.model_copy(update={"blur": None})
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for widths in PAIRS:
        true = float(np.sqrt(widths[1] ** 2 - widths[0] ** 2))
        rows = found.setdefault(f"{widths[0]:g} to {widths[1]:g}", {})
        for entry in dataset.entries("test"):
            frames = pair(centre(dataset.unit(entry, "image")[0]), widths, noise, image_seed(entry.name))
            row = rows[entry.name] = measured(frames)
            field = Field(entry.name, true, frames.clean, frames.wider)
            if true and "width_px" in row:
                told = {"true": true, "measured": min(row["width_px"], model.strength.largest_px)}
                row["gain_db"] = {
                    name: round(field.gain_db(refocused(model, frames.wider, width)[0]), 3)
                    for name, width in told.items()
                }
    return found


def series(data: Path) -> dict[str, dict[str, Any]]:
    """Differences of all pairs of frames of the real series."""
    found = {}
    for sharper, wider in combinations(SERIES, 2):
        difference = blur_difference(frame(data, wider), frame(data, sharper))
        found[f"{sharper} to {wider}"] = {
            "width_px": round(difference.relative_width_px, 3),
            "error_px": round(difference.relative_error_px, 3),
            "variance_px2": round(difference.variance_px2, 3),
            "variance_error_px2": round(difference.error_px2, 3),
            "shift_px": [round(part, 2) for part in difference.shift_px],
        }
    return found


def equal_steps(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Widths of the frames of the real series, from the differences of their squares between neighbours."""
    near, far = (found[f"{SERIES[index]} to {SERIES[index + 1]}"]["variance_px2"] for index in (0, 1))
    step = float(np.sqrt((far - near) / 2))
    middle = (near / step + step) / 2
    widths = {name: round(middle + index * step, 2) for index, name in enumerate(SERIES, -1)}
    return {
        "focus_step_px": round(step, 2),
        "width_px": widths,
        "middle_frame_um": round(middle / step * _STEP_UM, 1),
    }


def main() -> None:
    """Measure the real series, then all simulated pairs."""
    given = options(__doc__)
    run_id, model = trained_model(TOLD)
    if not isinstance(model, ToldWidthModel):
        raise TypeError(f"run {run_id} is not told the width of the blur")
    real = series(given.data)
    found = {
        "run_id": run_id,
        "series": real,
        "equal_steps": equal_steps(real),
        "simulated": simulated(model, given.home),
    }
    (HERE / "two_frames.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
