"""Write the tables in `RESULTS.md` from the runs named in `table.json`.

    python -m benchmarks.translation.summarise --home FOLDER

FOLDER is the `SEM_HOME` in which `table.py` trained. The discriminator test of both runs of each set was computed with
`python -m pipelines discriminate UNET_RUN PIX2PIX_RUN --dataset NAME --steps 60`.
"""

import argparse
import json
from pathlib import Path

from benchmarks.reports import Reports, markdown, read
from benchmarks.translation.sets import SETS
from sem_models.evaluation.discriminator.auc import Auc
from sem_models.evaluation.discriminator.report import DiscriminatorReport
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.report import EvaluationReport

HERE = Path(__file__).resolve().parent
SHOWN = (
    *("psnr_db", "mse", "lpips_alex", "std_ratio", "gradient_energy_ratio", "slope_difference", "grey_range_ratio"),
    "histogram_distance",
)
TESTED = ("AUC, images", "AUC, patches", "real against real, images", "real against real, patches", "kernel distance")


def scores(reports: Reports) -> str:
    """Means of both models and of the baselines."""
    first = next(iter(reports.values()))[0]
    lines = [(name, found[0], found[0].model) for name, found in reports.items()]
    lines += [(baseline, first, baseline) for baseline in first.methods if baseline.startswith("baseline:")]
    rows = [[name, *(_mean(report, method, metric) for metric in SHOWN)] for name, report, method in lines]
    return markdown(["method", *(METRICS[metric].heading for metric in SHOWN)], rows)


def _mean(report: EvaluationReport, method: str, metric: str) -> str:
    return f"{report.mean(method, metric).mean:.{4 if metric == 'mse' else 3}f}"


def discriminations(found: dict[str, DiscriminatorReport]) -> str:
    """Results of the discriminator tests; an AUC of 0.5 means indistinguishable from real images."""
    rows = [
        [
            name,
            *(_auc(auc) for auc in (report.auc, report.auc_patches, report.sanity, report.sanity_patches)),
            f"{report.kernel.value:.3f}" if report.kernel else "-",
        ]
        for name, report in found.items()
    ]
    return markdown(["method", *TESTED], rows)


def _auc(auc: Auc) -> str:
    return f"{auc.value:.2f}" if auc.lo is None else f"{auc.value:.2f} [{auc.lo:.2f}, {auc.hi:.2f}]"


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    home = parser.parse_args().home
    reports = read(home, HERE / "table.json")
    from pipelines.evaluate.reports import stored_discriminations

    jobs = json.loads((HERE / "table.json").read_text())
    text = ["# Translation", "Means over whole test images; arrows in the headings give the best value."]
    for pairs in SETS:
        part = {label.split(": ")[1]: found for label, found in reports.items() if label.startswith(pairs.dataset)}
        first = next(iter(part.values()))[0]
        tested = {name: stored_discriminations(jobs[f"{pairs.dataset}: {name}"]["run_id"]) for name in part}
        text += [f"## {pairs.dataset}", f"{first.images} test images of {first.groups} groups.", scores(part)]
        seen = {name: found[0] for name, found in tested.items() if found}
        if seen:
            one = next(iter(seen.values()))
            more = (
                f"; classifiers were also trained on {one.training_images} training images"
                if one.training_images
                else ""
            )
            text += [
                f"Discriminator test: {one.images} images of {one.groups} groups{more}; {one.settings.steps} steps.",
                discriminations(seen),
            ]
            text += [f"- {note}" for note in dict.fromkeys(note for report in seen.values() for note in report.notes)]
    runs = [[label, job["run_id"], f"{job['train_minutes']:.0f}"] for label, job in jobs.items()]
    text.append(markdown(["model", "MLflow run", "minutes"], runs))
    (HERE / "RESULTS.md").write_text("\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
