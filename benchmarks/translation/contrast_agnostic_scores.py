"""Scores of the networks of `contrast_agnostic.py` on the real pairs of `unpaired_scores.py`, computed in the same way.

    python -m benchmarks.translation.contrast_agnostic_scores --home FOLDER [--pictures FOLDER]

Writes `contrast_agnostic_scores.json` with every trained seed and the baselines, and `UNPAIRED.md`.
"""

import json

from benchmarks.runner import options
from benchmarks.translation.contrast_agnostic import RUNS, SEEDS, label
from benchmarks.translation.unpaired_methods import DIRECTIONS, Calls
from benchmarks.translation.unpaired_scores import HERE, measured
from benchmarks.translation.unpaired_table import write
from sem_models.datasets.dataset import open_dataset


def methods(target: str, runs: dict[str, str]) -> Calls:
    """Return the command of each seed that was trained."""
    return {
        f"contrast-agnostic, seed {seed}": ("predict", runs[label(target, seed)])
        for seed in SEEDS
        if label(target, seed) in runs
    }


def main() -> None:
    """Score the directions that were trained, and write the table."""
    chosen = options(__doc__)
    runs = {label: str(entry["run_id"]) for label, entry in json.loads(RUNS.read_text()).items()}
    found = {
        direction: measured(
            open_dataset(chosen.home / "datasets" / direction),
            chosen.home / "contrast-agnostic" / direction,
            methods(target, runs),
            runs[f"segment {target}"],
            chosen.pictures and chosen.pictures / f"{direction}.png",
        )
        for direction, (_, target) in DIRECTIONS.items()
        if methods(target, runs) and f"segment {target}" in runs
    }
    (HERE / "contrast_agnostic_scores.json").write_text(json.dumps({"scores": found}, indent=1) + "\n")
    write(HERE)


if __name__ == "__main__":
    main()
