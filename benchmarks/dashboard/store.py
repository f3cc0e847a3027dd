"""A store with many long runs, for measurements of the pages.

    python -m benchmarks.dashboard.store HOME [--runs 500] [--points 10000]

The runs are created through the program itself, with the parameters and tags of real trainings. Their histories are
written by SQL statements in MLflow's own schema, because its interface takes about a thousand points a second. A
dataset of six simulated micrographs and evaluations of the ten newest runs are added. An existing store is kept.
"""

import argparse
import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import Final

import numpy as np

from pipelines.home import Home, home
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.keys import Artifact, Tag, score_key
from pipelines.tracking.metrics import log_metrics
from pipelines.tracking.run_facts import flat_parameters
from pipelines.tracking.runs import create_run
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.images.io.write import write_micrograph
from sem_models.physics.simulators.phantoms.table import PHANTOMS, make_phantom

DATASET: Final = "phantoms"
CURVES: Final = ("train/l1", "val/psnr_db")
SCORED: Final = 10
_FIRST_MS: Final = 1_750_000_000_000
_HISTORY = """
WITH RECURSIVE points(step) AS (SELECT 1 UNION ALL SELECT step + 1 FROM points WHERE step < :points)
INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)
SELECT :key, :level + :swing / (1 + 0.01 * step) + 0.0002 * (step * 7919 % 101), :start + 100 * step, :run, step, 0
FROM points
"""
_LAST = """
INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
SELECT key, value, timestamp, step, is_nan, run_uuid FROM metrics
WHERE run_uuid = :run AND key = :key AND step = :points
"""
_ENDED = "UPDATE runs SET status = 'FINISHED', start_time = :start, end_time = :end WHERE run_uuid = :run"


def main() -> None:
    """Make the store and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--points", type=int, default=10_000)
    options = parser.parse_args()
    start = time.monotonic()
    make_store(options.home, options.runs, options.points)
    print(f"{options.home}: {options.runs} runs of {len(CURVES)} x {options.points} points in "
          f"{time.monotonic() - start:.0f} s")  # fmt: skip


def make_store(place: Path, runs: int, points: int) -> None:
    """Fill the home folder `place`; one that has a store already is left as it is."""
    os.environ["SEM_HOME"] = str(place)
    if Home(place).database.is_file():
        return
    _add_dataset(place)
    recipes = [recipe for recipe in RECIPES.values() if recipe.task in ("super-resolution", "denoising")]
    run_ids = [_add_run(recipes[number % len(recipes)], number) for number in range(runs)]
    _add_histories(run_ids, points)
    for run_id in run_ids[-SCORED:]:
        _add_evaluation(run_id)


def _add_dataset(place: Path) -> None:
    raw = place / "raw"
    raw.mkdir(parents=True)
    for index, kind in enumerate(list(PHANTOMS) * 2):
        write_micrograph(raw / f"S{index % 5}-{kind}{index}.tif", make_phantom(kind, (128, 160), seed=index).micrograph)
    write_dataset(plan_dataset(PrepareOptions(name=DATASET, raw=(raw,))), place / "datasets" / DATASET)


def _add_run(recipe: Recipe, number: int) -> str:
    tags = {Tag.TASK: recipe.task, Tag.RECIPE: recipe.name, Tag.DATASET: DATASET, Tag.DATASET_DIGEST: "d" * 64}
    name = f"{recipe.name} on {DATASET}"
    tags[Tag.COMMIT] = f"{number:040x}"
    run_id = create_run("sem", name, "training", flat_parameters(recipe), tags)
    put_text(run_id, Artifact.RECIPE, recipe.model_dump_json(indent=1) + "\n")
    return run_id


def _add_histories(run_ids: list[str], points: int) -> None:
    """Write both curves of each run, one run after the other in time, as one transaction."""
    with contextlib.closing(sqlite3.connect(home().database)) as database, database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -500000")
        for number, run in enumerate(run_ids):
            start = _FIRST_MS + number * 100 * (points + 1)
            for key, level, swing in zip(CURVES, (0.05, 28.0), (0.5, -8.0), strict=True):
                curve = {"run": run, "key": key, "points": points, "start": start, "level": level, "swing": swing}
                database.execute(_HISTORY, curve)
                database.execute(_LAST, curve)
            database.execute(_ENDED, {"run": run, "start": start, "end": start + 100 * points})


def _add_evaluation(run_id: str) -> None:
    """Write a report of eight images of four specimens, of the model and a baseline."""
    # Imported here: reports of discriminator tests import torch.
    from pipelines.evaluate.reports import save_report
    from pipelines.tracking.runs import set_tags

    draw = np.random.default_rng(int(run_id[:8], 16))
    rows = [
        Row(method=method, image=f"image {image}", group=f"S{image % 4}", scores={"psnr_db": psnr, "ssim": psnr / 40})
        for method, level in ((run_id, 31.0), ("baseline:bicubic", 29.0))
        for image, psnr in enumerate(np.round(level + draw.normal(0, 1, 8), 3).tolist())
    ]
    report = EvaluationReport(
        model=run_id, dataset=DATASET, digest="d" * 64, split="test", degradation='{"scale":4}', data_range=1.0,
        border_px=4, rows=tuple(rows),
    )  # fmt: skip
    means = {score_key("test", name): report.mean(run_id, name).mean for name in report.metrics}
    save_report(run_id, f"evaluation/{DATASET}-test", report, means)
    log_metrics(run_id, {"val/floor_psnr_db": 27.0})
    set_tags(run_id, {Tag.evaluated("test"): DATASET})


if __name__ == "__main__":
    main()
