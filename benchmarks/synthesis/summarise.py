"""Tables out of the runs that `table.json` names and of `worth.json`: `RESULTS.md` beside this file.

    python -m benchmarks.synthesis.summarise --home FOLDER

FOLDER is the home in which `table.py` trained.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.reports import Reports, markdown, read
from benchmarks.synthesis.sets import AXONS, CLASSES, VNC
from benchmarks.synthesis.table import SEGMENTER
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.report import EvaluationReport

HERE = Path(__file__).resolve().parent
DRAWN = ("psnr_db", "lpips_alex", "std_ratio", "gradient_energy_ratio", "slope_difference", "histogram_distance")
_TITLES = {AXONS: "Axons and myelin, SEM", VNC: "Nerve cord, transmission"}


def scores(reports: Reports, metrics: tuple[str, ...]) -> str:
    """Means of models and of the baseline that each table brings."""
    first = next(iter(reports.values()))[0]
    lines = [(name, found[0], found[0].model) for name, found in reports.items()]
    lines += [(baseline, first, baseline) for baseline in first.methods if baseline.startswith("baseline:")]
    rows = [[name, *(_mean(report, method, metric) for metric in metrics)] for name, report, method in lines]
    return markdown(["method", *(METRICS[metric].heading for metric in metrics)], rows)


def _mean(report: EvaluationReport, method: str, metric: str) -> str:
    return f"{report.mean(method, metric).mean:.3f}"


def dice(table: dict[str, Any]) -> str:
    """Mean Dice of each row of what a use case said."""
    names = list(next(iter(table.values())))
    rows = [[row, *(f"{scores[name]['mean']:.3f}" for name in names)] for row, scores in table.items()]
    return markdown(["images", *names], rows)


def section(dataset: str, reports: Reports, worth: dict[str, Any]) -> list[str]:
    """Everything said of one contrast."""
    part = {label.split(": ")[1]: found for label, found in reports.items() if label.startswith(dataset)}
    segmenter = part.pop(SEGMENTER)
    first = segmenter[0]
    text = [f"## {_TITLES[dataset]}", f"{first.images} test images of {first.groups} group(s), means."]
    found = ("dice", *(f"dice_{index}" for index in range(CLASSES[dataset])), "iou")
    text += ["### Segmentation of real images", scores({SEGMENTER: [first]}, found)]
    text += ["### Drawings against the real image of their mask", scores(part, DRAWN)]
    for name in part:
        said = worth[f"{dataset}: {name}"]
        text += [f"### Masks found again: {name}", dice(said["consistency"]["dice"])]
        if "downstream" in said:
            text += [f"### Dice after training on drawings of {name}", dice(said["downstream"]["dice"])]
            text += [f"- {note}" for note in said["downstream"]["notes"]]
    return text


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    reports = read(parser.parse_args().home, HERE / "table.json")
    worth: dict[str, Any] = json.loads((HERE / "worth.json").read_text())
    text = ["# Micrographs from masks"]
    for dataset in CLASSES:
        text += section(dataset, reports, worth)
    jobs = json.loads((HERE / "table.json").read_text())
    runs = [[label, job["run_id"], f"{job['train_minutes']:.0f}"] for label, job in jobs.items()]
    text.append(markdown(["model", "MLflow run", "minutes"], runs))
    (HERE / "RESULTS.md").write_text("\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
