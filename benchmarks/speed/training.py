"""Processor time of a training step: this program against a plainly written one (`plain_training.py`).

    python -m benchmarks.speed.training [--rounds N] [--only RECIPE...]

Both ways have the same networks, losses and batches. They alternate, each in a process of its own with one thread.
"computing" leaves out the time in which the plain way makes its batches, which a program may spend in other processes.
Writes `training.json` next to this file.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from skimage.filters import gaussian

from benchmarks.speed.plain_training import PlainTraining, batches
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import open_dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.training.trainer import train

CASES: dict[str, tuple[str, ...]] = {
    "srresnet-x4-small": (),
    "vdsr-x4-small": (),
    "esrgan-x4-small": ("adversarial.first_share=0", "adversarial.losses.perceptual=0"),
    "nafnet-denoise-small": (),
    "mrn-blind-small": (),
    "unet-translate-small": (),
    "pix2pix-small": (),
    "pix2pix-small, 256 px": ("train.patch=256", "train.batch=1"),
    "pix2pix": (),
    "cyclegan-translate-small": (),
    "cyclegan-translate-small, 256 px": ("train.patch=256", "train.batch=1"),
    "unet-segment-small": (),
    "ddpm-small": ("train.precision=32-true",),
}
"""By name: recipe and changes. ESRGAN has no perceptual loss here, and DDPM is in 32 bit, as in the plain way."""
PIECES, PIECE_PX = 12, 480
SECONDS = 3
"""Of measurement in each process."""
WARM_UP_STEPS = 3


def main() -> None:
    """Measure, print and store; a child process measures one way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=list(CASES))
    parser.add_argument("--one", nargs=3, metavar=("CASE", "WAY", "FOLDER"))
    chosen = parser.parse_args()
    if chosen.one:
        case, way, folder = chosen.one
        print(json.dumps({"plain": _plain, "ours": _ours}[way](recipe_of(case), Path(folder))))
        return
    path = Path(__file__).with_suffix(".json")
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    found |= {"torch": torch.__version__, "threads": 1, "rounds": chosen.rounds}
    for case in chosen.only:
        with tempfile.TemporaryDirectory() as folder:
            make_files(recipe_of(case), Path(folder))
            rounds = [
                {way: _in_a_process(case, way, folder) for way in ("plain", "ours")} for _ in range(chosen.rounds)
            ]
        found[case] = _summary(rounds)
        print(case, found[case], flush=True)
        path.write_text(json.dumps(found, indent=1) + "\n")


def recipe_of(case: str) -> Recipe:
    """The recipe of a case, with its changes."""
    name = case.split(",")[0]
    return override(find_recipe(name), CASES[case])


def _in_a_process(case: str, way: str, folder: str) -> dict[str, float]:
    call = [sys.executable, "-m", "benchmarks.speed.training", "--one", case, way, folder]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(call, stdout=subprocess.PIPE, check=True, text=True, env=environment)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def make_files(recipe: Recipe, folder: Path) -> None:
    """Write smooth random images and what belongs to each as PNG files, and prepare them as a dataset."""
    random = np.random.default_rng(0)
    for name in ("image", "other"):
        (folder / name).mkdir()
        for index in range(PIECES):
            levels = gaussian(random.standard_normal((PIECE_PX, PIECE_PX)), 3)
            levels = (levels - levels.min()) / np.ptp(levels)
            if name == "other" and recipe.task == "segmentation":
                levels = np.floor(levels * 2.999) / 2
            Image.fromarray((levels * 255).astype(np.uint8)).save(folder / name / f"S{index}-{index}.png")
    raw, other = folder / "image", folder / "other"
    kinds: dict[str, dict[str, Any]] = {
        "translation": {"kind": "unpaired" if recipe.cycle else "paired", "target": other},
        "segmentation": {"kind": "masked", "masks": other},
    }
    options = kinds.get(recipe.task, {})
    write_dataset(plan_dataset(PrepareOptions(name="pieces", raw=(raw,), **options)), folder / "dataset")


class Watch:
    """A reporter that notes the processor time at each report; ends the training when there are enough."""

    def __init__(self) -> None:
        self.marks: list[tuple[int, float, float]] = []

    def metrics(self, step: int, values: Any) -> None:
        """Note the time."""
        if "lr" in values:
            self.marks.append((step, time.process_time(), time.perf_counter()))

    def enough(self) -> bool:
        """Whether enough steps were measured."""
        return len(self.marks) > 2 and self.marks[-1][2] - self.marks[0][2] > SECONDS

    def sample(self, step: int, name: str, panels: Any) -> None:
        """Ignore a picture."""

    def checkpoint(self, step: int, folder: Path, kind: Any) -> None:
        """Ignore a checkpoint."""

    def warning(self, step: int, topic: str, text: str) -> None:
        """Ignore a warning."""

    def progress(self, step: int, total: int, seconds_left: float) -> None:
        """Ignore progress."""


def _ours(recipe: Recipe, folder: Path) -> dict[str, float]:
    watch = Watch()
    rarely = ["train.validate_every=1000000", "train.checkpoint_every=1000000", "train.steps=1000000"]
    recipe = override(recipe, [*rarely, "train.log_every=5"])
    train(recipe, open_dataset(folder / "dataset"), folder / "run", watch, should_stop=watch.enough)
    (first, start, _), (last, end, _) = watch.marks[0], watch.marks[-1]
    return {"cpu_s": (end - start) / (last - first), "peak_mb": _peak_mb()}


def _plain(recipe: Recipe, folder: Path) -> dict[str, float]:
    training, source = PlainTraining(recipe), batches(recipe, folder)
    for _ in range(WARM_UP_STEPS):
        training.step(*next(source))
    begin, data_s, steps = time.process_time(), 0.0, 0
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or steps < 3:
        start = time.process_time()
        batch = next(source)
        data_s += time.process_time() - start
        training.step(*batch)
        steps += 1
    cpu_s = (time.process_time() - begin) / steps
    return {"cpu_s": cpu_s, "data_s": data_s / steps, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _summary(rounds: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    ratios = [one["plain"]["cpu_s"] / one["ours"]["cpu_s"] for one in rounds]
    computing = [(one["plain"]["cpu_s"] - one["plain"]["data_s"]) / one["ours"]["cpu_s"] for one in rounds]
    return {
        "plain_s": round(statistics.median(one["plain"]["cpu_s"] for one in rounds), 4),
        "ours_s": round(statistics.median(one["ours"]["cpu_s"] for one in rounds), 4),
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "ratio_computing": round(statistics.median(computing), 2),
        "plain_mb": round(max(one["plain"]["peak_mb"] for one in rounds)),
        "ours_mb": round(max(one["ours"]["peak_mb"] for one in rounds)),
    }


if __name__ == "__main__":
    main()
