"""Train the small x4 presets on two real sets and score them on their test groups, by the command line alone.

    python benchmarks/super_resolution/real_sets.py --data FOLDER [--home FOLDER]

FOLDER holds `plant_stem_sem_databar/images` and `ampis_powder_sem/images`. Writes `real_sets.json` beside this
file; every number in it is read back from the MLflow run that it names.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SETS = {"plant": "plant_stem_sem_databar/images", "powder": "ampis_powder_sem/images"}
RECIPES = ("vdsr-x4-small", "srresnet-x4-small")


def command(*arguments: str) -> dict[str, Any]:
    """Run one workbench command; its last line of output is a JSON object."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments, "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def run_one(recipe: str, dataset: str) -> dict[str, Any]:
    """Train, evaluate and return what the evaluation reported, with the wall time of the training."""
    start = time.monotonic()
    trained = command("train", "--recipe", recipe, "--dataset", dataset, "--experiment", "real-sets-x4")
    minutes = (time.monotonic() - start) / 60
    report = command("evaluate", trained["run_id"], "--dataset", dataset)
    return {
        "recipe": recipe,
        "dataset": dataset,
        "run_id": trained["run_id"],
        "train_minutes": round(minutes, 2),
        "report": report,
    }


def main() -> None:
    """Prepare both sets, train both presets on each, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--home", type=Path, default=ROOT)
    options = parser.parse_args()
    os.environ["SEM_HOME"] = str(options.home)
    for name, folder in SETS.items():
        command("prepare", str(options.data / folder), "--name", name, "--kind", "single")
    results = [run_one(recipe, dataset) for dataset in SETS for recipe in RECIPES]
    (HERE / "real_sets.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
