"""x4 under equal conditions on four real sets: same losses or one difference, no discriminator, projection for all.

    python -m benchmarks.super_resolution.equal --data FOLDER [--home FOLDER] [--jobs N] [--only LABEL ...]

Inputs are simulated, without noise (track `clean`) or with it (`noisy`). The networks of `variants.py` learn with three
seeds each. On clean inputs every output is scored as it is and once more after projection onto the input; noisy inputs
rule projection out. Nothing is chosen: losses are those of the presets, and all learn for the same 800 steps. Training
takes 1.5 to 10 minutes on one core, scoring about a minute; finished trainings are kept in `equal_runs.json` and not
repeated. Writes `equal.json`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.pools import FOUR
from benchmarks.runner import Table, options, prepare
from benchmarks.super_resolution.over_seeds import Rows, Scores
from benchmarks.super_resolution.variants import CONTRASTS, MORE, SEEDS, VARIANTS
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.tasks.models import evaluate_model

HERE = Path(__file__).resolve().parent
RUNS, RESULT = HERE / "equal_runs.json", HERE / "equal.json"
SCALE = 4
SAME = ("train.batch=8", "train.patch=96", "train.steps=800", "train.validate_every=400")
TRACKS = {"clean": (), "noisy": ("degradation.dose_e_per_px=50", "degradation.read_noise=0.02")}
"""The noise is that of the denoising table."""
ALL = {**VARIANTS, **MORE}
JOBS = tuple(
    variant.job(f"{track}: {name} {seed}", FOUR.dataset, SCALE, seed, noise)
    for track, noise in TRACKS.items()
    for seed in range(SEEDS)
    for name, variant in ALL.items()
)
PROJECTED = ", projected"
METRICS = (
    *("psnr_db", "ssim", "gradient_error", "edge_retention", "frc_mean", "lpips_alex", "dists"),
    "down_consistency_db",
)


def scored(run_id: str, dataset: Dataset, clean: bool, known: Sequence[Row]) -> dict[str, EvaluationReport]:
    """Reports of a run by what is added to its name: nothing, or that its outputs were projected.

    Rows of baselines that are `known` are not computed again.
    """
    from pipelines.model_ref import RunRef
    from pipelines.models import resolve_model
    from pipelines.predict.projection import with_projection

    found = resolve_model(RunRef(run_id))
    models = {"": found.model} | ({PROJECTED: with_projection(found.model)} if clean else {})
    reports: dict[str, EvaluationReport] = {}
    for after, model in models.items():
        reports[after] = evaluate_model(model, dataset, "test", found.degradation, known=known)
        known = [*known, *baselines(reports[after])]
    return reports


def baselines(report: EvaluationReport) -> list[Row]:
    """Rows of what stands beside the model of a report."""
    return [row for row in report.rows if row.method != report.model]


def rows(report: EvaluationReport, method: str) -> dict[str, dict[str, float]]:
    """Scores of one method by image."""
    return {
        row.image: {name: value for name, value in row.scores.items() if name in METRICS and value is not None}
        for row in report.rows
        if row.method == method
    }


def summary(methods: dict[str, Rows], dataset: Dataset) -> dict[str, Any]:
    """Means, gains over the baselines, and what single differences are worth; projected outputs are methods, too."""
    trained = [name + after for after in ("", PROJECTED) for name in ALL]
    groups = {entry.name: entry.group for entry in dataset.entries("test")}
    scores = Scores(methods, trained, groups, METRICS)
    pairs = CONTRASTS | {f"projection, {name}": (name + PROJECTED, name) for name in ALL}
    return {"summary": scores.summary(METRICS), "contrasts": scores.contrasts(pairs, METRICS)}


def main() -> None:
    """Prepare the pool, train what is missing, and score what is not scored yet."""
    chosen = options(__doc__)
    prepare(FOUR, chosen.data, chosen.home)
    dataset = open_dataset(chosen.home / "datasets" / FOUR.dataset)
    table = Table(RUNS, "super-resolution-equal-x4", SAME)
    table.run(JOBS, chosen.jobs, chosen.only)
    content: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    known: dict[str, list[Row]] = {}
    for label, run in table.known.items():
        track, _, name = label.partition(": ")
        methods = content.setdefault(track, {}).setdefault("methods", {})
        if name not in methods:
            plain, _, seed = name.rpartition(" ")
            reports = scored(run["run_id"], dataset, track == "clean", known.get(track, ()))
            known[track] = [row for report in reports.values() for row in baselines(report)]
            for after, report in reports.items():
                methods[f"{plain}{after} {seed}"] = rows(report, report.model)
                methods |= {other: rows(report, other) for other in report.methods[1:] if other not in methods}
            content[track] |= summary(methods, dataset)
            RESULT.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
