"""Scores of unpaired translation on real pairs of three fields that are not in the training set.

    python -m benchmarks.translation.unpaired_scores --home FOLDER [--pictures FOLDER]

Every method is applied to the same files through the command line, and the files that it writes are scored. Writes
`unpaired_scores.json` and `UNPAIRED.md`; needs the runs of `unpaired.py`.
"""

import json
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runner import command, options
from benchmarks.translation.unpaired import RUNS
from benchmarks.translation.unpaired_methods import (
    DIRECTIONS,
    NEGATIVE,
    Baselines,
    Calls,
    Image,
    baselines,
    draw,
    methods,
    place,
)
from benchmarks.translation.unpaired_pictures import side_by_side
from benchmarks.translation.unpaired_sets import BACK, THERE
from benchmarks.translation.unpaired_table import write
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.scorer import Case, Scorer
from sem_models.images.intensity import IntensityRange, to_unit
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

HERE = Path(__file__).resolve().parent
SHOWN = (
    *("psnr_db", "mse", "ssim", "lpips_alex", "std_ratio", "gradient_energy_ratio", "slope_difference"),
    *("grey_range_ratio", "histogram_distance"),
)


def exported(dataset: Dataset, out: Path, simple: Baselines) -> None:
    """Write inputs, targets and baselines of the test split as 8-bit files with their pixel size."""
    for entry in dataset.entries("test"):
        size, low = entry.array("input").pixel_size_nm, dataset.unit(entry, "input")
        images = {"input": low, "truth": dataset.unit(entry, "target")}
        for name, image in {**images, **{name: baseline(low) for name, baseline in simple.items()}}.items():
            path = place(out, name) / entry.name
            path.parent.mkdir(parents=True, exist_ok=True)
            levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
            write_micrograph(path, Micrograph(np.ascontiguousarray(levels), size, source=entry.name))


def read(path: Path) -> Image:
    """The image in a file, (1, H, W) in unit intensity."""
    unit: Image = to_unit(read_micrograph(path).pixels, IntensityRange(0, 255)).transpose(2, 0, 1)
    return unit


def found_again(segmenter: str, folders: dict[str, Path], truth: Path) -> dict[str, list[float]]:
    """Dice of the particles segmented in the translated and in the real image, by image."""
    masks = {}
    for name, folder in {**folders, "": truth}.items():
        masks[name] = folder.with_name(folder.name + "-particles")
        if not masks[name].exists():
            command("predict", segmenter, *map(str, sorted(folder.glob("*.tif"))), "--out", str(masks[name]))
    files = sorted(path.name for path in masks[""].glob("*.tif"))
    mask = {name: [read_micrograph(folder / file).pixels > 0 for file in files] for name, folder in masks.items()}
    true = mask.pop("")
    return {
        name: [float(2 * (a & b).sum() / max(a.sum() + b.sum(), 1)) for a, b in zip(one, true, strict=True)]
        for name, one in mask.items()
    }


def measured(dataset: Dataset, out: Path, calls: Calls, segmenter: str, picture: Path | None) -> dict[str, Any]:
    """Scores of methods and baselines, by image.

    Args:
        dataset: Pairs of the direction.
        out: Folder for the translated images and their particles.
        calls: The command of each method.
        segmenter: Run that finds the particles in images of the target contrast.
        picture: File for a comparison image.
    """
    simple, score, rows = baselines(dataset), Scorer(), dict[str, dict[str, Any]]()
    exported(dataset, out, simple)
    folders = draw(calls, out / "input", place(out, NEGATIVE), out)
    shown: dict[str, dict[str, Image]] = {}
    for entry in dataset.entries("test"):
        case = Case(dataset.unit(entry, "input"), dataset.unit(entry, "target"), 1, None, None)
        drawn = {name: read(folder / entry.name) for name, folder in folders.items()}
        drawn |= {name: baseline(case.input) for name, baseline in simple.items()}
        shown[entry.name] = {"input": case.input, "truth": case.target, **drawn}
        for name, image in drawn.items():
            scores = score(image, case)
            rows.setdefault(name, {})[entry.name] = {key: scores[key] for key in SHOWN}
    folders |= {name: place(out, name) for name in simple}
    dice = found_again(segmenter, folders, place(out, "truth"))
    for name, values in dice.items():
        for image_name, value in zip(sorted(rows[name]), values, strict=True):
            rows[name][image_name]["particles_dice"] = value
    if picture:
        side_by_side(shown, picture)
    return rows


def run_ids(stored: Path) -> dict[str, str]:
    """Read the id of each run by its label."""
    return {label: str(entry["run_id"]) for label, entry in json.loads(stored.read_text()).items()}


def both_directions(
    chosen: Namespace, runs: Mapping[str, str], folder: str, calls: Mapping[str, Calls]
) -> dict[str, Any]:
    """Measure the commands of each direction, and write what they draw into a folder of the home."""
    return {
        direction: measured(
            open_dataset(chosen.home / "datasets" / direction),
            chosen.home / folder / direction,
            of_direction,
            runs[f"segment {DIRECTIONS[direction][1]}"],
            chosen.pictures and chosen.pictures / f"{direction}.png",
        )
        for direction, of_direction in calls.items()
    }


def main() -> None:
    """Score both directions and the round trips, and write the table."""
    chosen = options(__doc__)
    runs = run_ids(RUNS)
    found = both_directions(chosen, runs, "unpaired", {way: methods(way, runs) for way in DIRECTIONS})
    there, back = runs["cycle"], f"{runs['cycle']}:backward"
    trips = {
        THERE: command("round-trip", there, back, "--dataset", THERE),
        BACK: command("round-trip", back, there, "--dataset", BACK),
    }
    (HERE / "unpaired_scores.json").write_text(json.dumps({"scores": found, "round_trips": trips}, indent=1) + "\n")
    write(HERE)


if __name__ == "__main__":
    main()
