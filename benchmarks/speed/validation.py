"""Share of the training time that validation takes: windows of the validation images, and whole images as before.

    python -m benchmarks.speed.validation

The dataset has 12 images of 1280 x 1280 px, two of them for validation. The time of a validation is divided by that of
the steps between two validations. Writes `validation.json` next to this file.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from benchmarks.speed import training
from benchmarks.speed.training import Watch, make_files, recipe_of
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import open_dataset
from sem_models.memory import freed_memory_kept
from sem_models.methods.table import stage_at
from sem_models.training.trainer import Trainer
from sem_models.validation.windows import validation_part

RECIPES = (
    "srresnet-x4-small",
    "nafnet-denoise-small",
    "mrn-blind-small",
    "pix2pix-small",
    "unet-segment-small",
    "ddpm-small",
)
PIECE_PX = 1280
STEPS = 6


def main() -> None:
    """Measure, print and store."""
    found: dict[str, Any] = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    for name in RECIPES:
        recipe = recipe_of(name)
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(training, "PIECE_PX", PIECE_PX):
            make_files(recipe, Path(folder))
            found[name] = _shares(recipe, Path(folder))
        print(name, found[name], flush=True)
        Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")


def _shares(recipe: Recipe, folder: Path) -> dict[str, float]:
    dataset = open_dataset(folder / "dataset")
    trainer, stage = Trainer(recipe, dataset, folder / "run", Watch()), stage_at(recipe, 0)
    whole = trainer._validator_on(dataset)
    with freed_memory_kept():
        trainer._step(stage)
        between_s = recipe.train.validate_every * _least(lambda: trainer._step(stage), STEPS)
        windows_s = _least(lambda: trainer._validated(stage), 2)
        trainer._validator = whole
        whole_s = _least(lambda: trainer._validated(stage), 1)
    edge = validation_part(recipe, dataset).edge_px
    return {
        "between_s": round(between_s, 1),
        "windows_s": round(windows_s, 2),
        "whole_s": round(whole_s, 2),
        "share": round(windows_s / between_s, 4),
        "share_of_whole": round(whole_s / between_s, 4),
        "window_px": min(edge, PIECE_PX),
    }


def _least(act: Any, times: int) -> float:
    """Return the least processor time of several calls, because other programs run beside this one."""
    seconds = []
    for _ in range(times):
        start = time.process_time()
        act()
        seconds.append(time.process_time() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
