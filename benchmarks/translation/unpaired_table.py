"""Write `UNPAIRED.md` from the scores by image."""

import json
from pathlib import Path

import numpy as np

from benchmarks.reports import markdown
from sem_models.evaluation.metrics.table import METRICS

_TITLES = {"tio2": "Secondary electrons to transmission", "tio2-back": "Transmission to secondary electrons"}
_DICE = "Particles preserved, Dice ↑"


def write(folder: Path) -> None:
    """Write means over images; three images are too few for intervals.

    Takes `unpaired_scores.json`, and of `contrast_agnostic_scores.json` the trained methods.
    """
    content = json.loads((folder / "unpaired_scores.json").read_text())
    found, trips = content["scores"], content["round_trips"]
    later = json.loads((folder / "contrast_agnostic_scores.json").read_text())["scores"]
    text = [
        "# Translation without pairs",
        "Titania particles at 14.7 nm/px; means over three fields that are not in the training set. Particles are "
        "segmented by the same network of the target contrast in the translated and in the real image.",
    ]
    for direction, earlier in found.items():
        trained = {
            name: images for name, images in later.get(direction, {}).items() if not name.startswith("baseline:")
        }
        methods = trained | earlier
        metrics = [name for name in next(iter(next(iter(methods.values())).values())) if name in METRICS]
        rows = [[name, *_row(images, metrics)] for name, images in methods.items()]
        headings = ["method", _DICE, *(METRICS[name].heading for name in metrics)]
        trip = trips[direction]["scores"]
        text += [f"## {_TITLES[direction]}", markdown(headings, rows)]
        text += [
            f"CycleGAN there and back: PSNR {trip['psnr_db']['mean']:.1f} dB, SSIM {trip['ssim']['mean']:.3f}; "
            f"the mean grey of each image gives {trip['floor_psnr_db']['mean']:.1f} dB."
        ]
    (folder / "UNPAIRED.md").write_text("\n\n".join(text) + "\n")


def _row(images: dict[str, dict[str, float]], metrics: list[str]) -> list[str]:
    means = [np.mean([image[name] for image in images.values()]) for name in ("particles_dice", *metrics)]
    return [f"{mean:.4f}" if name == "mse" else f"{mean:.3f}" for name, mean in zip(("", *metrics), means, strict=True)]
