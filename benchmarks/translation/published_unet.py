"""Published predictions of a U-Net (light to SEM) against the real crops: texture, histogram, discriminator test.

Each crop is treated as a group of its own, because its specimen was not published. Writes `published_unet.json`.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.runner import options
from pipelines.progress import TerminalProgress
from sem_models.evaluation.discriminator.kernel_distance import set_distance
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.report import ClassifierSettings
from sem_models.evaluation.discriminator.test import discriminator_test, real_against_real
from sem_models.evaluation.metrics.texture import TEXTURE_SCORES, texture
from sem_models.images.intensity import IntensityRange, to_unit
from sem_models.images.io.read import read_micrograph

DETECTORS = ("BSD", "SE")


def pairs(folder: Path) -> list[Pair]:
    """Pairs of a real crop and its prediction."""
    files = sorted(folder.glob("original_*.png"))
    predictions = [file.with_name(file.name.replace("original", "prediction")) for file in files]
    return [
        Pair(_unit(file), _unit(other), file.stem, file.stem) for file, other in zip(files, predictions, strict=True)
    ]


def _unit(path: Path) -> NDArray[np.float32]:
    return to_unit(read_micrograph(path).pixels, IntensityRange(0, 255))[:, :, 0]


def measured(crops: list[Pair]) -> dict[str, Any]:
    """Means over crops, discriminator tests and kernel distance."""
    sides = {"real": [p.real for p in crops], "predicted": [p.generated for p in crops]}
    each = {side: [asdict(texture(image, 1.0)) for image in images] for side, images in sides.items()}
    progress, settings = TerminalProgress(), ClassifierSettings()
    found = discriminator_test(crops, settings, progress)
    sanity = real_against_real(crops, settings, progress)
    kernel, notes = set_distance(crops, progress)
    progress.close()
    return {
        **{side: {k: float(np.mean([one[k] for one in rows])) for k in rows[0]} for side, rows in each.items()},
        "scores": {n: float(np.mean([s(p.generated, p.real, 1.0) for p in crops])) for n, s in TEXTURE_SCORES.items()},
        "discriminator": {"images": found.images.model_dump(), "patches": found.patches.model_dump()},
        "real_against_real": {"images": sanity.images.model_dump(), "patches": sanity.patches.model_dump()},
        "kernel_distance": asdict(kernel) if kernel else list(notes),
        "settings": settings.model_dump(),
    }


def main() -> None:
    """Evaluate the predictions for both detectors."""
    root = options(__doc__).data / "petrography_sem_crops"
    table = {name: measured(pairs(root / f"Unet_to{name}_TestSetPredictions")) for name in DETECTORS}
    Path(__file__).with_suffix(".json").write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
