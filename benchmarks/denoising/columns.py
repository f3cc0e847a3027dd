"""Columns of simulated lattices at 1 to 8 e/px, by sub-lattice and against the true centres, for classical filters.

    python -m benchmarks.denoising.columns [--home FOLDER] [--pictures FOLDER]

The test fields of a simulated dataset get shot noise of one dose and nothing else. They hold dents, vacancies, thermal
displacements, and in three of the four structures light columns beside heavy ones. The clean fields are scored as well,
which shows what a perfect restoration would reach. No network is scored: none has been trained for such doses. Writes
`columns.json` after each field, with means and 95 % intervals over fields, and goes on where it stopped; about half an
hour on one core. `--pictures` receives one image for each dose.
"""

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.runner import command, options
from sem_models.config.degradation import Degradation
from sem_models.datasets.columns import columns_of
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.baselines import filters
from sem_models.evaluation.metrics.atoms import lattice_scores
from sem_models.evaluation.metrics.columns import column_scores
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.restoration import make_case
from sem_models.evaluation.scorer import Case
from sem_models.evaluation.statistics.intervals import cluster_interval

RESULT = Path(__file__).with_name("columns.json")
DATASET = "columns"
COUNT, SIZE_PX = 60, 128
EDGE = 0.5
"""Distance from the edge, in distances between neighbours, up to which sites are not scored."""
DOSES = (1.0, 2.0, 4.0, 8.0)
FILTERS = {
    "none": lambda image: image,
    "gaussian": filters.gaussian_filter,
    "nlm": filters.non_local_means,
    "tv": filters.total_variation,
}
Scores = dict[str, float]
Row = dict[str, Any]
Shown = tuple[Case, dict[str, NDArray[np.float32]], str]


def main() -> None:
    """Simulate, restore, score and write what is missing."""
    chosen = options(__doc__)
    if not (chosen.home / "datasets" / DATASET).exists():
        command("simulate", "--name", DATASET, "--count", str(COUNT), "--size", str(SIZE_PX))
    dataset = open_dataset(chosen.home / "datasets" / DATASET)
    rows = _stored(dataset.digest)
    scored = {(row["dose_e_per_px"], row["field"]) for row in rows}
    doses: tuple[float | None, ...] = (None, *DOSES)
    for dose, index in product(doses, range(len(dataset.entries("test")))):
        if (dose, dataset.entries("test")[index].name) not in scored:
            rows += _rows(*_outputs(dataset, index, dose), dose)
            _write(rows, dataset)
            print(f"{_label(dose)}: field {index + 1} scored", flush=True)
    if chosen.pictures:
        for dose in DOSES:
            _show(_outputs(dataset, 0, dose), chosen.pictures / f"columns-{dose:g}.png")


def _stored(digest: str) -> list[Row]:
    """Rows of an earlier run on the same dataset."""
    found: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    rows: list[Row] = found["rows"] if found.get("digest") == digest else []
    return rows


def _write(rows: list[Row], dataset: Dataset) -> None:
    facts = {"digest": dataset.digest, "size_px": SIZE_PX, **_sites(dataset, {row["field"] for row in rows})}
    RESULT.write_text(json.dumps({**facts, "summary": _summary(rows), "rows": rows}, indent=1) + "\n")


def _sites(dataset: Dataset, fields: set[str]) -> dict[str, int]:
    """How many fields, sites and vacancies the scores are about, without those at the edge."""
    known = [columns_of(dataset, entry) for entry in dataset.entries("test") if entry.name in fields]
    inside = [(one, one.inside((SIZE_PX, SIZE_PX), EDGE * one.spacing_px)) for one in known if one is not None]
    vacancies = sum(int((one.vacant & counted).sum()) for one, counted in inside)
    return {"fields": len(fields), "sites": sum(int(counted.sum()) for _, counted in inside), "vacancies": vacancies}


def _label(dose: float | None) -> str:
    return "clean" if dose is None else f"{dose:g} e/px"


def _outputs(dataset: Dataset, index: int, dose: float | None) -> Shown:
    """One test field with shot noise, as each filter restores it; only itself if it is clean."""
    entry = dataset.entries("test")[index]
    case = make_case(dataset, entry, Degradation(scale=1, dose_e_per_px=dose), 1)
    used = {"none": FILTERS["none"]} if dose is None else FILTERS
    shown = {name: np.asarray(apply(case.input[0]), np.float32) for name, apply in used.items()}
    return case, shown, entry.name


def _rows(case: Case, shown: dict[str, NDArray[np.float32]], field: str, dose: float | None) -> list[Row]:
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


def _summary(rows: list[Row]) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Mean and interval of each score by dose and method; a field that lacks a score does not count in it."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for dose, method in dict.fromkeys((row["dose_e_per_px"], row["method"]) for row in rows):
        own = [row for row in rows if (row["dose_e_per_px"], row["method"]) == (dose, method)]
        names = dict.fromkeys(name for row in own for name in row if name not in ("method", "dose_e_per_px", "field"))
        found.setdefault(_label(dose), {})[method] = {name: _interval(own, name) for name in names}
    return found


def _interval(rows: list[Row], name: str) -> list[float]:
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
