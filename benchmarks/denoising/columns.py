"""Columns of simulated lattices at 1 to 8 e/px, by sub-lattice and against the true centres, for classical filters.

    python -m benchmarks.denoising.columns [--home FOLDER] [--pictures FOLDER]

The first `FIELDS` test fields of a simulated dataset get shot noise of one dose and nothing else. They hold dents,
vacancies, thermal displacements, and in three of the four structures light columns beside heavy ones. No network is
scored: none has been trained for such doses. Writes `columns.json`, with means and 95 % intervals over fields;
`--pictures` receives one image for each dose.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.runner import command, options
from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.baselines import filters
from sem_models.evaluation.metrics.atoms import lattice_scores
from sem_models.evaluation.metrics.columns import column_scores
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.restoration import make_case
from sem_models.evaluation.scorer import Case
from sem_models.evaluation.statistics.intervals import cluster_interval

HERE = Path(__file__).resolve().parent
DATASET = "columns"
COUNT, SIZE_PX, FIELDS = 30, 128, 4
DOSES = (1.0, 2.0, 4.0, 8.0)
FILTERS = {
    "none": lambda image: image,
    "gaussian": filters.gaussian_filter,
    "nlm": filters.non_local_means,
    "tv": filters.total_variation,
}
Scores = dict[str, float]


def main() -> None:
    """Simulate, restore, score and write."""
    chosen = options(__doc__)
    if not (chosen.home / "datasets" / DATASET).exists():
        command("simulate", "--name", DATASET, "--count", str(COUNT), "--size", str(SIZE_PX))
    dataset = open_dataset(chosen.home / "datasets" / DATASET)
    rows = []
    for dose in DOSES:
        outputs = [_outputs(dataset, index, dose) for index in range(FIELDS)]
        rows += [row for case, shown, field in outputs for row in _rows(case, shown, field, dose)]
        if chosen.pictures:
            _show(outputs[0], chosen.pictures / f"columns-{dose:g}.png")
        print(f"{dose:g} e/px scored", flush=True)
    result = {"fields": FIELDS, "size_px": SIZE_PX, "digest": dataset.digest, "summary": _summary(rows), "rows": rows}
    (HERE / "columns.json").write_text(json.dumps(result, indent=1) + "\n")


Shown = tuple[Case, dict[str, NDArray[np.float32]], str]


def _outputs(dataset: Dataset, index: int, dose: float) -> Shown:
    """One test field with shot noise, as each filter restores it."""
    entry = dataset.entries("test")[index]
    case = make_case(dataset, entry, Degradation(scale=1, dose_e_per_px=dose), 1)
    shown = {name: np.asarray(apply(case.input[0]), np.float32) for name, apply in FILTERS.items()}
    return case, shown, entry.name


def _rows(case: Case, shown: dict[str, NDArray[np.float32]], field: str, dose: float) -> list[dict[str, Any]]:
    if case.columns is None:
        raise SystemExit(f"{field}: the dataset has no true columns; simulate it again.")
    target, rows = case.target[0], []
    for name, output in shown.items():
        clipped = np.clip(output, 0, 1), np.clip(target, 0, 1)
        old = lattice_scores(*clipped, 1.0).get("atom_f1", float("nan"))
        scores = {"psnr_db": psnr_db(*clipped, 1.0), "atom_f1": old}
        scores |= column_scores(output, target, case.columns, case.dose_e_per_px, case.pixel_size_nm)
        rows.append({"method": name, "dose_e_per_px": dose, "field": field, **_finite(scores)})
    return rows


def _finite(scores: Scores) -> Scores:
    return {name: round(value, 6) for name, value in scores.items() if np.isfinite(value)}


def _summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Mean and interval of each score by dose and method; a field that lacks a score does not count in it."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for dose in DOSES:
        found[f"{dose:g}"] = {}
        for method in dict.fromkeys(row["method"] for row in rows):
            own = [row for row in rows if row["dose_e_per_px"] == dose and row["method"] == method]
            names = dict.fromkeys(
                name for row in own for name in row if name not in ("method", "dose_e_per_px", "field")
            )
            found[f"{dose:g}"][method] = {name: _interval(own, name) for name in names}
    return found


def _interval(rows: list[dict[str, Any]], name: str) -> list[float]:
    own = [row for row in rows if name in row]
    interval = cluster_interval([row[name] for row in own], [row["field"] for row in own])
    return [interval.mean, interval.lo, interval.hi, len(own)]


def _show(shown: Shown, path: Path) -> None:
    """Save the input, all outputs and the truth side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    case, images, _ = shown
    row = np.hstack([*images.values(), case.target[0]])
    Image.fromarray(np.uint8(np.clip(row, 0, 1) * 255)).save(path)


if __name__ == "__main__":
    main()
