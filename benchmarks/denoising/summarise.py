"""Write the tables in `RESULTS.md` from the runs named in `table.json`.

    python -m benchmarks.denoising.summarise --home FOLDER

FOLDER is the `SEM_HOME` in which `table.py` trained.
"""

import argparse
import json
from pathlib import Path

from benchmarks.pools import FOUR
from benchmarks.reports import Reports, formatted, gain, markdown, part_of, read
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.report import EvaluationReport

HERE = Path(__file__).resolve().parent
SHOWN = ("psnr_db", "ssim", "edge_retention", "frc_mean", "lpips_alex", "dists")
BAR = "baseline:nlm"


def of_noise(reports: Reports, noise: str) -> Reports:
    """The jobs for one kind of noise, by recipe."""
    return {label.split(": ")[1]: found for label, found in reports.items() if label.startswith(f"{noise}: ")}


def scores(reports: Reports) -> str:
    """Means of models and baselines, with the gain in PSNR over non-local means."""
    first = next(iter(reports.values()))[0]
    lines = [(name, found[0], found[0].model) for name, found in reports.items()]
    lines += [(baseline, first, baseline) for baseline in first.methods if baseline.startswith("baseline:")]
    rows = [
        [
            name,
            *(f"{report.mean(method, metric).mean:.{2 if metric.endswith('_db') else 3}f}" for metric in SHOWN),
            "" if method == BAR else formatted(gain(report, method, "psnr_db", BAR)),
        ]
        for name, report, method in lines
    ]
    return markdown(["method", *(METRICS[metric].heading for metric in SHOWN), "PSNR over NLM (dB)"], rows)


def by_set(reports: Reports) -> str:
    """PSNR over non-local means, set by set."""
    rows = [[name, *(_over_nlm(part_of(found[0], part)) for part in FOUR.sets)] for name, found in reports.items()]
    return markdown(["PSNR over NLM (dB)", *FOUR.sets], rows)


def _over_nlm(report: EvaluationReport) -> str:
    return formatted(gain(report, report.model, "psnr_db", BAR))


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    home = parser.parse_args().home
    reports = read(home, HERE / "table.json")
    jobs = json.loads((HERE / "table.json").read_text())
    text = ["# Denoising", "Means over whole test images; gains with 95 % intervals over specimens."]
    parts = {noise: of_noise(reports, noise) for noise in ("white", "streaks")}
    for noise, part in ((noise, part) for noise, part in parts.items() if part):
        report = next(iter(part.values()))[0]
        about = f"{report.images} images of {report.groups} specimens; inputs simulated with `{report.degradation}`."
        text += [f"## Noise: {noise}", about, scores(part), by_set(part)]
    runs = [[label, job["run_id"], f"{job['train_minutes']:.0f}"] for label, job in jobs.items()]
    text.append(markdown(["model", "MLflow run", "minutes"], runs))
    (HERE / "RESULTS.md").write_text("\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
