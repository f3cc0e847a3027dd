"""Scores of a starter model beside methods without training, with intervals over specimens."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sem_models.evaluation.metrics.gradients import edge_retention
from sem_models.evaluation.metrics.lpips import lpips_alex
from sem_models.evaluation.metrics.ssim import ssim
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.statistics.intervals import Interval, cluster_interval
from sem_models.images.intensity import UnitImage
from sem_models.starters.card import CardScore

METRICS = {"psnr_db": psnr_db, "ssim": ssim, "edge_retention": edge_retention, "lpips_alex": lpips_alex}
HARM_DB = 0.3
"""An image that is further from the truth than its input by more than this is harmed."""
Rows = dict[str, dict[str, Any]]
"""Scores by method, and the specimen (`group`), of each image."""


def centre(image: UnitImage, edge_px: int) -> UnitImage:
    """Cut the central square of (H, W), of at most `edge_px`."""
    height, width = (min(edge_px, size) for size in image.shape)
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def scores(output: UnitImage, clean: UnitImage, border_px: int = 1) -> dict[str, float]:
    """Score an output against the truth, both (H, W) in unit intensity, without a border."""
    inner = np.s_[border_px:-border_px, border_px:-border_px]
    first, second = (np.clip(image, 0, 1)[inner] for image in (output, clean))
    return {name: float(compute(first, second, 1.0)) for name, compute in METRICS.items()}


def plain_psnr(output: UnitImage, clean: UnitImage) -> float:
    """PSNR in dB of whole images, clipped to the range."""
    return psnr_db(np.clip(output, 0, 1), np.clip(clean, 0, 1), 1.0)


def compared(rows: Rows, metrics: Sequence[str], model: str, untouched: str) -> dict[str, Any]:
    """Means of all methods that scored every image, and what the model gains over each, with intervals.

    Args:
        rows: Scores by image.
        metrics: Names of scores.
        model: The method whose gains are given; `best` is the best other one in PSNR.
        untouched: The method that restores nothing, which cannot be the best.
    """
    groups = [row["group"] for row in rows.values()]
    first = next(iter(rows.values()))
    names = [name for name in first if name != "group" and all(name in row for row in rows.values())]
    values = {n: {m: [row[n][m] for row in rows.values()] for m in metrics} for n in names}
    rivals = [name for name in names if name not in (model, untouched)]
    best = max(rivals, key=lambda name: float(np.mean(values[name]["psnr_db"])))

    def gains(over: str) -> dict[str, Any]:
        return {m: _json(_gain(values[model][m], values[over][m], groups)) for m in metrics}

    return {
        "images": len(rows),
        "specimens": len(set(groups)),
        "best": best,
        "means": {n: {m: _json(cluster_interval(v, groups)) for m, v in found.items()} for n, found in values.items()},
        "gains": {name: gains(name) for name in names if name != model},
    }


def harmed(rows: Rows, model: str, untouched: str) -> dict[str, Any]:
    """Count, by set, images whose output is further from the truth than the input is, by more than `HARM_DB`."""
    found = {}
    for name in sorted({row["group"] for row in rows.values()}):
        own = [row for row in rows.values() if row["group"] == name]
        gains = [row[model]["psnr_db"] - row[untouched]["psnr_db"] for row in own]
        found[name] = {
            "images": len(own),
            "harmed": sum(gain < -HARM_DB for gain in gains),
            "gain_db": float(np.mean(gains)),
            "least_db": min(gains),
        }
    return found


def count_harmed(found: Mapping[str, dict[str, Any]], sets: Sequence[str] | None = None) -> str:
    """Say how many images of some sets, or of all, were harmed: `2 of 113`."""
    own = [one for name, one in found.items() if sets is None or name in sets]
    return f"{sum(one['harmed'] for one in own)} of {sum(one['images'] for one in own)}"


def card_score(inputs: str, model: str, found: dict[str, Any]) -> CardScore:
    """Return the line of a card: PSNR of the model and its gain over the best other method."""
    gain = found["gains"][found["best"]]["psnr_db"]
    return CardScore(
        inputs=inputs,
        psnr_db=round(found["means"][model]["psnr_db"]["mean"], 2),
        baseline=found["best"],
        gain_db=round(gain["mean"], 2),
        lo_db=round(gain["lo"], 2),
        hi_db=round(gain["hi"], 2),
        specimens=found["specimens"],
    )


def save_strip(path: Path, images: Sequence[UnitImage], edge_px: int = 320) -> None:
    """Save the centres of images side by side, to be looked at."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    strip = np.concatenate([np.clip(centre(image, edge_px), 0, 1) for image in images], axis=1)
    Image.fromarray((strip * 255).astype(np.uint8)).save(path)


def _gain(ours: Sequence[float], theirs: Sequence[float], groups: Sequence[str]) -> Interval:
    return cluster_interval(np.subtract(ours, theirs).tolist(), groups)


def _json(found: Interval) -> dict[str, float | None]:
    lo, hi = (None if np.isnan(limit) else float(limit) for limit in (found.lo, found.hi))
    return {"mean": float(found.mean), "lo": lo, "hi": hi}
