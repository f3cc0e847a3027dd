"""How often the truth lies within the standard deviation that a starter model states, on held-out specimens."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.starters.scoring import centre
from benchmarks.starters.subjects import Subject
from sem_models.datasets.dataset import open_dataset
from sem_models.evaluation.restoration import make_case
from sem_models.evaluation.statistics.intervals import cluster_interval
from sem_models.inference.predictor import Predictor
from sem_models.inference.stated_doubt import with_learned_doubt
from sem_models.starters.shelf import load_starter
from sem_models.training.doubt import NINE_OF_TEN

_EDGE_PX = 256
Covered = dict[str, dict[str, dict[str, Any]]]


def coverage(subject: Subject, home: Path) -> Covered:
    """Return by condition and test image which share of the pixels lies within 1.64 standard deviations."""
    model = load_starter(subject.name)
    if model.doubt is None:
        raise ValueError(f"{subject.model} has no doubt head on the shelf; run that part first")
    predictor = Predictor(with_learned_doubt(model, model.doubt), "cpu", backend="torch")
    dataset = open_dataset(home / "datasets" / subject.dataset)
    found: Covered = {}
    for condition, forward in subject.noisy.items():
        for entry in filter(subject.counts, dataset.entries("test")):
            case = make_case(dataset, entry, forward, subject.scale)
            noisy, clean = centre(case.input[0], _EDGE_PX // subject.scale), centre(case.target[0], _EDGE_PX)
            output, deviation = predictor.predict_unit(noisy[None])
            found.setdefault(condition, {})[entry.name] = {"group": entry.group, **_row(output - clean, deviation)}
    return found


def _row(error: np.ndarray, deviation: np.ndarray) -> dict[str, float]:
    return {
        "covered": float((np.abs(error) <= NINE_OF_TEN * deviation).mean()),
        "rms_error": float(np.sqrt((error**2).mean())),
        "rms_stated": float(np.sqrt((deviation**2).mean())),
        "rank_correlation": float(spearmanr(_blocks(error**2), _blocks(deviation**2)).statistic),
    }


def _blocks(image: np.ndarray) -> np.ndarray:
    rows, columns = (size // 8 for size in image.shape)
    means: np.ndarray = image[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).mean(axis=(1, 3)).ravel()
    return means


def summary_of_coverage(rows: Covered) -> dict[str, Any]:
    """Mean coverage by condition with intervals over specimens, beside stated and true errors."""
    found = {}
    for condition, images in rows.items():
        groups = [row["group"] for row in images.values()]
        interval = cluster_interval([row["covered"] for row in images.values()], groups)
        found[condition] = {
            "images": len(images),
            "specimens": len(set(groups)),
            "covered": {"mean": interval.mean, "lo": interval.lo, "hi": interval.hi},
            "least": min(row["covered"] for row in images.values()),
            "most": max(row["covered"] for row in images.values()),
            "rms_error": float(np.mean([row["rms_error"] for row in images.values()])),
            "rms_stated": float(np.mean([row["rms_stated"] for row in images.values()])),
            "rank_correlation": float(np.mean([row["rank_correlation"] for row in images.values()])),
        }
    return found


def doubt_text(found: dict[str, Any]) -> str:
    """Say it for a card."""
    parts = [
        f"{one['covered']['mean']:.0%} [{one['covered']['lo']:.0%}, {one['covered']['hi']:.0%}] at {_said(condition)}"
        for condition, one in found.items()
    ]
    some = next(iter(found.values()))
    return (
        f"Of the pixels of {some['images']} images of {some['specimens']} specimens that it never saw, "
        f"{', '.join(parts)} lie within 1.64 standard deviations of the truth (95 % intervals over specimens)."
    )


def _said(condition: str) -> str:
    return f"{condition} e/px" if condition.isdecimal() else "100 e/px"
