"""Scores of inpainted lines by height of the gap, with a given and a detected mask, and how well defects are detected.

    python -m benchmarks.inpainting.measure --data FOLDER [--home FOLDER]

Line defects are simulated on the whole test frames of `table.py` as in training, and all methods fill the same gaps.
Intervals are over seeds and specimens. Writes `results.json`.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.inpainting.table import DATASET
from benchmarks.runner import options
from sem_models.config.degradation import LineDefects
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.manifest import Entry
from sem_models.evaluation.baselines.lines import InterpolatedLines, fill_and_mark
from sem_models.evaluation.metrics.ssim import ssim
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.restoration import image_seed
from sem_models.evaluation.statistics.intervals import seeds_interval
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.physics.find_line_defects import find_line_defects
from sem_models.physics.line_defects import Fault, LineDefect, draw_line_defects, spoil_lines

HEIGHTS = {"1": (1, 1), "2": (2, 2), "3-4": (3, 4), "5-8": (5, 8)}
OFFSETS = ((0.02, 0.03), (0.03, 0.06), (0.06, 0.12), (0.12, 1.0))
"""Bands of the offset of charged pixels, in fractions of the intensity range. The finder looks for .03 and more."""
Image = NDArray[np.float32]


def main() -> None:
    """Measure and write the results."""
    chosen = options(__doc__)
    dataset = open_dataset(chosen.home / "datasets" / DATASET)
    settings = find_recipe("inpaint-lines-small").degradation.lines or LineDefects()
    runs = json.loads(Path(__file__).with_name("table.json").read_text())
    models = {label: _model(run["run_id"]) for label, run in runs.items()}
    rows = []
    for entry in dataset.entries("test"):
        rows.append(_row(dataset, entry, settings, models))
        print(entry.name, rows[-1]["gaps"], flush=True)
    found = {
        "dataset": dataset.digest,
        "settings": settings.model_dump(),
        "test": {"images": len(rows), "specimens": len({row["specimen"] for row in rows})},
        "summary": _summary(rows),
        "clean": _clean(dataset),
        "rows": rows,
    }
    Path(__file__).with_name("results.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps({key: found[key] for key in ("test", "summary", "clean")}, indent=1))


def _model(run_id: str) -> UnitModel:
    from pipelines.model_ref import parse_model
    from pipelines.models import resolve_model

    return resolve_model(parse_model(run_id)).model


def _row(dataset: Dataset, entry: Entry, settings: LineDefects, models: dict[str, UnitModel]) -> dict[str, Any]:
    sharp = dataset.unit(entry, "image")
    generator = torch.Generator().manual_seed(image_seed(entry.name))
    height, width = sharp.shape[1:]
    defects = draw_line_defects(height, width, settings, generator)
    spoilt, hidden = (part.numpy() for part in spoil_lines(torch.from_numpy(sharp), defects))
    recorded = (np.rint(spoilt.clip(0, 1) * 255) / 255).astype(np.float32)
    mask = hidden[0] > 0
    seen = find_line_defects(recorded[0])
    gaps: dict[str, Any] = defaultdict(dict)
    whole: dict[str, Any] = {}
    for name, model in {"interpolated": InterpolatedLines(), **models}.items():
        output = inpainted(model, recorded, mask)
        for height, (low, high) in HEIGHTS.items():
            inside = _of_height(defects, mask.shape, low, high)
            gaps[height][name] = psnr_db(output[0][inside], sharp[0].clip(0, 1)[inside], 1.0) if inside.any() else None
        gaps["all"][name] = psnr_db(output[0][mask], sharp[0].clip(0, 1)[mask], 1.0)
        with_found = inpainted(model, recorded, seen)
        whole[name] = {**_scores(output, sharp), "found": _scores(with_found, sharp)}
    return {
        "image": entry.name,
        "specimen": entry.group,
        "set": entry.group.partition("-")[0],
        "spoilt": float(mask.mean()),
        "gaps": dict(gaps),
        "whole": whole,
        "untouched": _scores(recorded, sharp),
        "recall": {fault.value: value for fault, value in _recall(defects, seen)},
        "charged": {f"{low:g}-{high:g}": _charged(defects, seen, low, high) for low, high in OFFSETS},
        "false_alarms": float(seen[~mask].mean()),
    }


def inpainted(model: UnitModel, recorded: Image, mask: NDArray[np.bool_]) -> Image:
    """Fill the pixels of (H, W) `mask` in (1, H, W); unit intensity."""
    marked = torch.from_numpy(mask.astype(np.float32))[None, None]
    given = fill_and_mark(torch.from_numpy(recorded)[None], marked)[0].numpy()
    return Predictor(model, "cpu", tile=1024).predict_unit(given).clip(0, 1)


def _scores(output: Image, sharp: Image) -> dict[str, float]:
    target = sharp[0].clip(0, 1)
    return {"psnr_db": psnr_db(output[0], target, 1.0), "ssim": ssim(output[0], target, 1.0)}


def _of_height(defects: tuple[LineDefect, ...], shape: tuple[int, int], low: int, high: int) -> NDArray[np.bool_]:
    inside = np.zeros(shape, bool)
    for defect in defects:
        if low <= len(defect.rows) <= high:
            inside[_place(defect)] = True
    return inside


def _place(defect: LineDefect) -> tuple[slice, slice]:
    return slice(defect.rows.start, defect.rows.stop), slice(defect.columns.start, defect.columns.stop)


def _recall(defects: tuple[LineDefect, ...], seen: NDArray[np.bool_]) -> Iterator[tuple[Fault, list[float]]]:
    for fault in Fault:
        yield fault, [float(seen[_place(defect)].mean()) for defect in defects if defect.fault is fault]


def _charged(defects: tuple[LineDefect, ...], seen: NDArray[np.bool_], low: float, high: float) -> tuple[int, int]:
    """Return how many charged pixels with an offset from `low` to `high` were found, and how many there are."""
    found = total = 0
    for defect in defects:
        if defect.fault is Fault.CHARGED:
            offset = abs(defect.level) * np.exp(-np.arange(len(defect.columns)) / defect.decay_px)
            band = np.broadcast_to((offset >= low) & (offset < high), (len(defect.rows), len(offset)))
            found, total = found + int(seen[_place(defect)][band].sum()), total + int(band.sum())
    return found, total


def _clean(dataset: Dataset) -> dict[str, float]:
    """False alarms on every image of the set as it was recorded."""
    shares = [float(find_line_defects(dataset.unit(entry, "image")[0]).mean()) for entry in dataset.manifest.entries]
    return {"images": len(shares), "images_with_alarm": sum(share > 0 for share in shares), "pixels": max(shares)}


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    groups = [row["specimen"] for row in rows]
    seeds = [name for name in rows[0]["whole"] if name != "interpolated"]
    found: dict[str, Any] = {}
    for height in (*HEIGHTS, "all"):
        some = [
            (row["gaps"][height], row["specimen"]) for row in rows if row["gaps"][height]["interpolated"] is not None
        ]
        base = [gaps["interpolated"] for gaps, _ in some]
        gains = {seed: [gaps[seed] - gaps["interpolated"] for gaps, _ in some] for seed in seeds}
        mean = np.mean(list(gains.values()), axis=0)
        value = seeds_interval(np.array(list(gains.values())), np.zeros((1, len(some))), [name for _, name in some])
        found[f"gap of {height} rows" if height != "all" else "all gaps"] = {
            "interpolated_psnr_db": float(np.mean(base)),
            "gain_db": value.mean,
            "interval_db": [value.lo, value.hi],
            "gain_by_seed_db": {seed: float(np.mean(values)) for seed, values in gains.items()},
            "images": len(some),
            "worse_images": int((mean < 0).sum()),
        }
    for score in ("psnr_db", "ssim"):
        base = [row["whole"]["interpolated"][score] for row in rows]
        model = np.array([[row["whole"][seed][score] for row in rows] for seed in seeds])
        value = seeds_interval(model, np.array([base]), groups)
        found[f"whole image {score}"] = {
            "untouched": float(np.mean([row["untouched"][score] for row in rows])),
            "interpolated": float(np.mean(base)),
            "model": float(np.mean(model)),
            "gain": value.mean,
            "interval": [value.lo, value.hi],
            "model_mask_found": float(np.mean([row["whole"][seed]["found"][score] for row in rows for seed in seeds])),
            "interpolated_mask_found": float(np.mean([row["whole"]["interpolated"]["found"][score] for row in rows])),
        }
    by_set = defaultdict(list)
    for row in rows:
        by_set[row["set"]].append(np.mean([row["gaps"]["all"][s] for s in seeds]) - row["gaps"]["all"]["interpolated"])
    found["gain_by_set_db"] = {name: float(np.mean(values)) for name, values in by_set.items()}
    found["recall"] = {
        fault.value: float(np.mean([value for row in rows for value in row["recall"][fault.value]])) for fault in Fault
    }
    found["charged_recall_by_offset"] = {
        band: sum(row["charged"][band][0] for row in rows) / max(sum(row["charged"][band][1] for row in rows), 1)
        for band in rows[0]["charged"]
    }
    found["false_alarms"] = float(np.mean([row["false_alarms"] for row in rows]))
    return found


if __name__ == "__main__":
    main()
