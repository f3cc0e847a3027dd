"""Crops of one test image of each set by all methods, for visual comparison; they are not stored in the repository.

python -m benchmarks.super_resolution.pictures --home FOLDER --out FOLDER [--labels LABEL ...]
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.pools import set_of
from sem_models.datasets.dataset import open_dataset
from sem_models.evaluation.baselines.table import Bicubic
from sem_models.evaluation.restoration import input_and_target
from sem_models.images.display import display_window, to_display
from sem_models.inference.predictor import Predictor

HERE = Path(__file__).resolve().parent
CROP = 192
ZOOM = 2


def main() -> None:
    """Write one PNG for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--labels", nargs="*")
    options = parser.parse_args()
    os.environ["SEM_HOME"] = str(options.home)
    from pipelines.model_ref import RunRef
    from pipelines.models import resolve_model

    table = json.loads((HERE / "table.json").read_text())
    labels = options.labels or [label for label in table if label.endswith(" 0")]
    models = {label: resolve_model(RunRef(table[label]["run_id"])) for label in labels}
    degradation = next(iter(models.values())).degradation
    dataset = open_dataset(options.home / "datasets" / "sem4")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in ("plant", "powder", "coating", "axon"):
        entry = next(entry for entry in dataset.entries("test") if set_of(entry.name) == name)
        low, sharp = input_and_target(dataset, entry, degradation, 4)
        top, left = (max(size // 2 - CROP // 2, 0) // 4 * 4 for size in sharp.shape[1:])
        inner = np.s_[:, top : top + CROP, left : left + CROP]
        crops = {"truth": sharp[inner], "bicubic": Predictor(Bicubic(4), "cpu").predict_unit(low)[inner]}
        crops |= {label: Predictor(model.model).predict_unit(low)[inner] for label, model in models.items()}
        sheet(crops).save(options.out / f"{name}.png")


def sheet(crops: dict[str, np.ndarray]) -> Image.Image:
    """All crops with the display limits of the target, enlarged by whole pixels, four in a row."""
    window, edge = display_window([crops["truth"][0]]), CROP * ZOOM
    rows = -(-len(crops) // 4)
    page = Image.new("L", (4 * edge, rows * (edge + 16)), 255)
    for index, (label, crop) in enumerate(crops.items()):
        tile = Image.fromarray(to_display(crop[0], window)).resize((edge, edge), Image.Resampling.NEAREST)
        place = (index % 4 * edge, index // 4 * (edge + 16))
        page.paste(tile, (place[0], place[1] + 16))
        ImageDraw.Draw(page).text((place[0] + 4, place[1] + 2), label, fill=0)
    return page


if __name__ == "__main__":
    main()
