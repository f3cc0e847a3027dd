"""The methods of unpaired translation, applied through the command line, and baselines without any network."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.exposure import match_histograms

from benchmarks.runner import command
from benchmarks.translation.unpaired_sets import BACK, THERE
from sem_models.datasets.dataset import Dataset

Image = NDArray[np.float32]
Baselines = dict[str, Callable[[Image], Image]]
Calls = dict[str, tuple[str, ...]]
STRENGTHS = (0.4, 0.6, 0.8)
OF_NEGATIVE = f"SDEdit {STRENGTHS[0]:g} of the negative"
NEGATIVE = "baseline: negative, grey levels matched"
DIRECTIONS = {THERE: ("sem", "tsem"), BACK: ("tsem", "sem")}


def place(out: Path, name: str) -> Path:
    """The folder with the results of a method."""
    return out / re.sub(r"\W+", "-", name)


def methods(direction: str, runs: dict[str, str]) -> Calls:
    """Return the command of each method, without its input and output."""
    source, target = DIRECTIONS[direction]
    cycle = runs["cycle"] if direction == THERE else f"{runs['cycle']}:backward"
    segment, paint = runs[f"segment {source}"], runs[f"draw {target}"]
    diffuse = ("--to", runs[f"diffuse {target}"])
    return {
        "CycleGAN": ("predict", cycle),
        "mask translation": ("bridge", "--segmenter", segment, "--synthesiser", paint),
        "DDIB": ("translate", "--method", "ddib", "--from", runs[f"diffuse {source}"], *diffuse),
        **{f"SDEdit {s:g}": ("translate", "--method", "sdedit", "--strength", str(s), *diffuse) for s in STRENGTHS},
        OF_NEGATIVE: ("translate", "--method", "sdedit", "--strength", str(STRENGTHS[0]), *diffuse),
    }


def draw(calls: Calls, given: Path, negative: Path, out: Path) -> dict[str, Path]:
    """Apply each method to the files in `given`, one of them to their negatives; existing result folders are kept."""
    folders = {name: place(out, name) for name in calls}
    for name, (verb, *rest) in calls.items():
        if not folders[name].exists():
            source_files = negative if name == OF_NEGATIVE else given
            command(verb, *rest, str(source_files), "--out", str(folders[name]))
    return folders


def baselines(dataset: Dataset) -> Baselines:
    """The input; its negative with grey levels matched to the training targets, as in any image editor; their mean."""
    targets = [dataset.unit(entry, "target") for entry in dataset.entries("train")]
    grey = np.concatenate([target.ravel() for target in targets])

    def matched(image: Image) -> Image:
        found: Image = match_histograms(1 - image, grey.reshape(1, 1, -1)).astype(np.float32)
        return found

    return {
        "baseline: input": lambda image: image,
        NEGATIVE: matched,
        "baseline: mean grey": lambda image: np.full_like(image, grey.mean()),
    }
