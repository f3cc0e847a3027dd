"""Scores of the networks of `contrast_agnostic.py` on the real pairs of `unpaired_scores.py`, computed in the same way.

    python -m benchmarks.translation.contrast_agnostic_scores --home FOLDER [--pictures FOLDER]

Writes `contrast_agnostic_scores.json` with every trained seed and the baselines, and `UNPAIRED.md`.
"""

import json

from benchmarks.runner import options
from benchmarks.translation.contrast_agnostic import RUNS, SEEDS, label
from benchmarks.translation.unpaired_methods import DIRECTIONS, Calls
from benchmarks.translation.unpaired_scores import HERE, both_directions, run_ids
from benchmarks.translation.unpaired_table import write


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
    runs = run_ids(RUNS)
    trained = {
        direction: calls
        for direction, (_, target) in DIRECTIONS.items()
        if (calls := methods(target, runs)) and f"segment {target}" in runs
    }
    found = both_directions(chosen, runs, "contrast-agnostic", trained)
    (HERE / "contrast_agnostic_scores.json").write_text(json.dumps({"scores": found}, indent=1) + "\n")
    write(HERE)


if __name__ == "__main__":
    main()
