"""What scripts that score a trained run of `table.json` have in common: their options, and the run."""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sem_models.inference.model import UnitModel

HERE = Path(__file__).resolve().parent


def options(description: str | None) -> argparse.Namespace:
    """Parse the options, and set the environment accordingly."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    os.environ["SEM_HOME"] = str(chosen.home)
    return chosen


def trained_model(label: str) -> tuple[str, "UnitModel"]:
    """Return run id and model of a row of the table."""
    from pipelines.model_ref import RunRef
    from pipelines.models import resolve_model

    run_id = str(json.loads((HERE / "table.json").read_text())[label]["run_id"])
    return run_id, resolve_model(RunRef(run_id)).model
