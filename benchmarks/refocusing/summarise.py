"""Write the tables in `RESULTS.md` from the runs named in `table.json`.

    python -m benchmarks.refocusing.summarise --home FOLDER

FOLDER is the `SEM_HOME` in which `table.py` trained.
"""

import argparse
import json
from pathlib import Path

from benchmarks.pools import THREE
from benchmarks.reports import Reports, blur_of, formatted, gain, markdown, part_of, read, score
from sem_models.evaluation.report import EvaluationReport

HERE = Path(__file__).resolve().parent
SIZES = (1.0, 2.0, 3.0, 4.0)
BASELINES = ("baseline:unsharp", "baseline:wiener", "baseline:richardson-lucy")
BLURRED = "baseline:identity"
REGIONS = ("blur_gain_db", "sharp_identity_db", "response_auc")


def at_size(reports: list[EvaluationReport], size: float) -> EvaluationReport | None:
    """The evaluation with this blur over whole images, if there is one."""
    found = [r for r in reports if blur_of(r)["size_px"] == [size, size] and blur_of(r)["region"] == "whole"]
    return found[0] if found else None


def by_size(reports: Reports) -> str:
    """Gain in PSNR over the blurred image, by blur size."""
    rows = [[label, *(_gain(at_size(found, size)) for size in SIZES)] for label, found in reports.items()]
    blind = {size: at_size(reports["blind"], size) for size in SIZES}
    rows += [[baseline, *(_gain(blind[size], baseline) for size in SIZES)] for baseline in BASELINES]
    rows.append(["PSNR of the blurred image (dB)", *(_psnr(blind[size]) for size in SIZES)])
    return markdown(["gain (dB) at sigma", *(f"{size:g} px" for size in SIZES)], rows)


def by_set(reports: Reports) -> str:
    """Gain in PSNR at a blur of 2 px, by set."""
    rows = []
    for label, found in reports.items():
        report = at_size(found, 2.0)
        if report is not None:
            rows.append([label, *(_gain(part_of(report, name)) for name in THREE.sets)])
    return markdown(["gain (dB) at 2 px", *THREE.sets], rows)


def by_region(reports: Reports) -> str:
    """Scores by region for partly blurred images, and for images that are sharp everywhere."""
    rows = []
    for label in ("discriminative", "blind"):
        for report in reports[label]:
            blur = blur_of(report)
            if blur["region"] == "partial":
                kind = "all sharp" if blur["sharp_share"] == 1 else "partly blurred"
                cells = (score(report, metric) for metric in REGIONS)
                rows.append([f"{label}, {kind}", *(formatted(cell, 3 if cell.mean < 1 else 2, "") for cell in cells)])
    heads = ["gain where blurred (dB)", "output against input where sharp (dB)", "response AUC"]
    return markdown(["images", *heads], rows)


def _gain(report: EvaluationReport | None, method: str | None = None) -> str:
    return "-" if report is None else formatted(gain(report, method or report.model, "psnr_db", BLURRED))


def _psnr(report: EvaluationReport | None) -> str:
    return "-" if report is None else f"{report.mean(BLURRED, 'psnr_db').mean:.2f}"


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    home = parser.parse_args().home
    reports = read(home, HERE / "table.json")
    jobs = json.loads((HERE / "table.json").read_text())
    runs = [[label, job["recipe"], job["run_id"], f"{job['train_minutes']:.0f}"] for label, job in jobs.items()]
    report = next(iter(reports.values()))[0]
    text = [
        "# Refocusing",
        f"{report.images} whole test images of {report.groups} specimens; means with 95 % intervals over specimens. "
        "Noise is added only to the inputs of `blind, noisy`, which `focus_series.py` uses.",
        by_size(reports),
        by_set(reports),
        by_region(reports),
        markdown(["model", "recipe", "MLflow run", "minutes"], runs),
    ]
    (HERE / "RESULTS.md").write_text("\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
