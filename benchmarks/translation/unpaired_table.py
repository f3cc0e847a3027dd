"""`UNPAIRED.md` out of the scores by image."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.reports import markdown
from sem_models.evaluation.metrics.table import METRICS

_TITLES = {"tio2": "Secondary electrons to transmission", "tio2-back": "Transmission to secondary electrons"}
_DICE = "Particles found again, Dice ↑"


def write(found: dict[str, Any], trips: dict[str, Any], path: Path) -> None:
    """Means over images; three images carry no interval."""
    text = [
        "# Translation without pairs",
        "Titania particles at 14.7 nm/px; three fields that no network saw, means. Particles: found by one "
        "segmentation network of the target contrast in the drawing and in the true image.",
    ]
    for direction, methods in found.items():
        metrics = [name for name in next(iter(next(iter(methods.values())).values())) if name in METRICS]
        rows = [[name, *_row(images, metrics)] for name, images in methods.items()]
        headings = ["method", _DICE, *(METRICS[name].heading for name in metrics)]
        trip = trips[direction]["scores"]
        text += [f"## {_TITLES[direction]}", markdown(headings, rows)]
        text += [
            f"There and back by the CycleGAN: PSNR {trip['psnr_db']['mean']:.1f} dB, SSIM {trip['ssim']['mean']:.3f}; "
            f"the mean grey of each image has {trip['floor_psnr_db']['mean']:.1f} dB."
        ]
    path.write_text("\n\n".join(text) + "\n")


def _row(images: dict[str, dict[str, float]], metrics: list[str]) -> list[str]:
    means = [np.mean([image[name] for image in images.values()]) for name in ("particles_dice", *metrics)]
    return [f"{mean:.4f}" if name == "mse" else f"{mean:.3f}" for name, mean in zip(("", *metrics), means, strict=True)]
