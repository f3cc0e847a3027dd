"""Tables of translation with pairs."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.reports import markdown
from benchmarks.translation.sets import SETS
from benchmarks.translation.table import JOBS, METHODS
from docs.scripts.stored import BENCHMARKS, stored, with_interval
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.statistics.intervals import cluster_interval

DIGITS = {
    "psnr_db": 1, "mse": 4, "lpips_alex": 3, "std_ratio": 2, "gradient_energy_ratio": 2, "slope_difference": 2,
}  # fmt: skip
"""Digits of the scores that are shown."""
Rows = Mapping[str, Mapping[str, Any]]
"""Group and scores by image."""


def translation() -> str:
    """Means over test images and seeds by set and method, with intervals over specimens, and what is missing."""
    known: dict[str, Any] = stored("translation/scores.json")
    rows = []
    for name in (pairs.dataset for pairs in SETS):
        part = {label.removeprefix(f"{name}: "): found for label, found in known.items() if label.startswith(name)}
        for method in METHODS:
            runs = [found for label, found in part.items() if label.rpartition(" ")[0] == method]
            if runs:
                cells = _cells([found["rows"] for found in runs])
                dotted = np.mean([list(found["checkerboard"].values()) for found in runs])
                rows.append(
                    [name, method.replace("-small", ""), str(len(runs)), *cells, f"{dotted:.1f}", _by_seed(runs)]
                )
        if part:
            first: dict[str, Rows] = next(iter(part.values()))["baselines"]
            rows += [[name, baseline, "-", *_cells([found]), "-", ""] for baseline, found in first.items()]
    head = ["set", "method", "seeds", *(METRICS[metric].heading for metric in DIGITS), "dots (1 to 2)"]
    head.append("PSNR dB by seed")
    missing = Counter(job.label.rpartition(" ")[0].replace("-small", "") for job in JOBS if job.label not in known)
    listed = "; ".join(f"{name} ({count})" for name, count in missing.items())
    note = f"\n\nSeeds that are not trained yet: {listed}." if missing else ""
    return markdown(head, rows) + note


def _cells(runs: list[Rows]) -> list[str]:
    groups = [row["group"] for row in runs[0].values()]
    cells = []
    for metric, digits in DIGITS.items():
        table = np.array([[row[metric] for row in rows.values()] for rows in runs], np.float64)
        found = cluster_interval(table.mean(axis=0).tolist(), groups)
        limits = (None, None) if np.isnan(found.lo) else (found.lo, found.hi)
        cells.append(with_interval({"mean": found.mean, "lo": limits[0], "hi": limits[1]}, digits))
    return cells


def _by_seed(runs: list[dict[str, Any]]) -> str:
    means = [np.mean([row["psnr_db"] for row in found["rows"].values()]) for found in runs]
    return ", ".join(f"{value:.1f}" for value in means)


def page() -> str:
    """Scores and discriminator tests of each run, and the tables of the networks of version 0.1."""
    known: dict[str, Any] = stored("translation/scores.json")
    runs = [[label, found["run_id"], f"{found['minutes']:.0f}"] for label, found in known.items()]
    text = ["# Translation with pairs", translation(), markdown(["model", "MLflow run", "minutes"], runs)]
    tested = {label: found["discrimination"] for label, found in known.items() if "discrimination" in found}
    if tested:
        text += ["## Discriminator test", _discriminations(tested)]
    text.append("Written by `benchmarks/translation`; discussed under [Translation with pairs](../translation.md).")
    return "\n\n".join([*text, (BENCHMARKS / "translation" / "RESULTS_0.1.md").read_text()])


def _discriminations(tested: dict[str, Any]) -> str:
    tests = {
        "auc": "AUC, images",
        "auc_patches": "AUC, patches",
        "sanity": "real against real, images",
        "sanity_patches": "real against real, patches",
    }
    rows = [
        [
            label, *(with_interval(found[name], 2) for name in tests), f"{found['kernel']:.3f}",
            f"{found['images']} of {found['groups']}", str(found["steps"]),
        ]
        for label, found in tested.items()
    ]  # fmt: skip
    return markdown(["model", *tests.values(), "kernel distance", "images of groups", "steps"], rows)
