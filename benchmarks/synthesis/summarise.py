"""Tables out of the runs that `table.json` names and of `worth.json`: `RESULTS.md` beside this file.

    python -m benchmarks.synthesis.summarise --home FOLDER

FOLDER is the home in which `table.py` trained.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.reports import Reports, markdown, read
from benchmarks.synthesis.table import SEGMENTER
from sem_models.evaluation.metrics import METRICS
from sem_models.evaluation.report import EvaluationReport

HERE = Path(__file__).resolve().parent
DRAWN = ("psnr_db", "lpips_alex", "std_ratio", "gradient_energy_ratio", "slope_difference", "histogram_distance")
FOUND = ("dice", "dice_0", "dice_1", "dice_2", "iou")


def scores(reports: Reports, metrics: tuple[str, ...]) -> str:
    """Means of models and of the floor that each table brings."""
    first = next(iter(reports.values()))[0]
    lines = [(name, found[0], found[0].model) for name, found in reports.items()]
    lines += [(floor, first, floor) for floor in first.methods if floor.startswith("floor:")]
    rows = [[name, *(_mean(report, method, metric) for metric in metrics)] for name, report, method in lines]
    return markdown(["method", *(METRICS[metric].heading for metric in metrics)], rows)


def _mean(report: EvaluationReport, method: str, metric: str) -> str:
    return f"{report.mean(method, metric).mean:.3f}"


def dice(table: dict[str, Any]) -> str:
    """Mean Dice of each row of what a use case said."""
    names = list(next(iter(table.values())))
    rows = [[row, *(f"{scores[name]['mean']:.3f}" for name in names)] for row, scores in table.items()]
    return markdown(["images", *names], rows)


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    reports = read(parser.parse_args().home, HERE / "table.json")
    worth: dict[str, Any] = json.loads((HERE / "worth.json").read_text())
    first = reports[SEGMENTER][0]
    text = ["# Micrographs from masks", f"{first.images} test images of {first.groups} rats, means."]
    text += ["## Segmentation of real images", scores({SEGMENTER: reports[SEGMENTER]}, FOUND)]
    drawn = {name: found for name, found in reports.items() if name != SEGMENTER}
    text += ["## Drawings against the real image of their mask", scores(drawn, DRAWN)]
    for name in drawn:
        text += [f"## Masks found again: {name}", dice(worth[name]["consistency"]["dice"])]
        if "downstream" in worth[name]:
            found = worth[name]["downstream"]
            text += [f"## Dice after training on drawings of {name}", dice(found["dice"])]
            text += [f"- {note}" for note in found["notes"]]
    jobs = json.loads((HERE / "table.json").read_text())
    runs = [[label, job["run_id"], f"{job['train_minutes']:.0f}"] for label, job in jobs.items()]
    text.append(markdown(["model", "MLflow run", "minutes"], runs))
    (HERE / "RESULTS.md").write_text("\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
