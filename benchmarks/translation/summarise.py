"""Collect the scores of the runs named in `table.json` in `scores.json`, from which the result pages are generated.

    python -m benchmarks.translation.summarise --home FOLDER

FOLDER is the `SEM_HOME` in which `table.py` trained. Runs that it does not hold keep the scores that were collected
before. Results of `python -m pipelines discriminate RUN_ID ... --dataset NAME --steps 60` are collected as well.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import torch

from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.errors import UserError
from sem_models.evaluation.discriminator.report import DiscriminatorReport
from sem_models.evaluation.report import EvaluationReport
from sem_models.inference.predictor import Predictor
from sem_models.methods.health import checkerboard

HERE = Path(__file__).resolve().parent
RESULT = HERE / "scores.json"
SHOWN = (
    *("psnr_db", "mse", "lpips_alex", "std_ratio", "gradient_energy_ratio", "slope_difference", "grey_range_ratio"),
    "histogram_distance",
)


def rows(report: EvaluationReport, method: str) -> dict[str, dict[str, Any]]:
    """Group and scores of one method by image."""
    return {
        row.image: {"group": row.group, **{metric: row.scores.get(metric) for metric in SHOWN}}
        for row in report.rows
        if row.method == method
    }


def scores(report: EvaluationReport) -> dict[str, Any]:
    """Rows of the model and of the baselines beside it."""
    methods = [name for name in report.methods if name.startswith("baseline:")]
    return {
        "digest": report.digest,
        "rows": rows(report, report.model),
        "baselines": {name: rows(report, name) for name in methods},
    }


def dotted(run_id: str, dataset: Dataset) -> dict[str, float]:
    """How far frequencies of 2 and 4 px stand out of each output, relative to its target; 1 to 2 without dots."""
    from pipelines.model_ref import RunRef
    from pipelines.models import resolve_model

    predictor, found = Predictor(resolve_model(RunRef(run_id)).model, "cpu"), {}
    for entry in dataset.entries("test"):
        output = predictor.predict_unit(dataset.unit(entry, "input"))
        pair = [torch.from_numpy(image)[None] for image in (output, dataset.unit(entry, "target"))]
        found[entry.name] = float(checkerboard(*pair))
    return found


def discrimination(report: DiscriminatorReport) -> dict[str, Any]:
    """Results of a discriminator test; an AUC of 0.5 means indistinguishable from real images."""
    tests = ("auc", "auc_patches", "sanity", "sanity_patches")
    found = {name: getattr(report, name) for name in tests}
    return {
        **{name: {"mean": auc.value, "lo": auc.lo, "hi": auc.hi} for name, auc in found.items()},
        "kernel": report.kernel.value if report.kernel else None,
        "images": report.images,
        "groups": report.groups,
        "steps": report.settings.steps,
    }


def collected(home: Path, jobs: dict[str, dict[str, Any]], known: dict[str, Any]) -> dict[str, Any]:
    """Scores by label of the job; those of runs that the store lacks stay as they are known."""
    from pipelines.evaluate.reports import stored_discriminations, stored_reports

    for label, job in jobs.items():
        try:
            reports, tests = stored_reports(job["run_id"]), stored_discriminations(job["run_id"])
        except UserError:
            continue
        found = {"run_id": job["run_id"], "minutes": job["train_minutes"], **scores(reports[0])}
        dataset = open_dataset(home / "datasets" / reports[0].dataset)
        found["checkerboard"] = dotted(job["run_id"], dataset)
        known[label] = found | ({"discrimination": discrimination(tests[0])} if tests else {})
    return known


def main() -> None:
    """Add the scores of the store to those that are known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    home = parser.parse_args().home
    os.environ["SEM_HOME"] = str(home)
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    jobs = json.loads((HERE / "table.json").read_text())
    RESULT.write_text(json.dumps(collected(home, jobs, known), indent=1) + "\n")


if __name__ == "__main__":
    main()
