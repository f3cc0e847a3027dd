"""Writes the store in `2d480d1.tar.xz`, with the code of commit 2d480d1 and no other.

    git worktree add --detach /tmp/2d480d1 2d480d1
    cd /tmp/2d480d1
    SEM_HOME=/tmp/workbench-of-2d480d1 SEM_OFFLINE=1 PYTHONPATH=. python PATH/TO/make_store.py
    tar -C /tmp/workbench-of-2d480d1 -cJf PATH/TO/2d480d1.tar.xz datasets mlruns raw predictions expected.json

All images are simulated. The networks are so narrow that a training takes seconds. `expected.json` holds what that
commit made of the store: ids, scores, and a prediction with each model, which a later version has to find again.
"""

# ruff: noqa: I001  (the imports are those of that commit)
import json
import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import numpy as np

from pipelines.evaluate import evaluate
from pipelines.home import home
from pipelines.jobs.tasks import start_task, task_state
from pipelines.predict import predict
from pipelines.register import register
from pipelines.round_trip import round_trip
from pipelines.tracking.runs import get_run
from pipelines.tracking.writer import RunWriter
from pipelines.train import create_training, run_training
from sem_models.data.plan import plan_dataset
from sem_models.data.prepare import write_dataset
from sem_models.data.sources import PrepareOptions
from sem_models.images.micrograph import Micrograph
from sem_models.images.read import read_micrograph
from sem_models.images.write import write_micrograph
from sem_models.recipes import find_recipe, override
from sem_models.training.reporter import CheckpointKind
from tests.conftest import smooth_images
from tests.domains import unpaired
from tests.masked_sets import grey_classes
from tests.small_recipes import short
from tests.studies import sit, small_study

ROOT = home().root


def write_raw_images() -> Path:
    folder = ROOT / "raw"
    folder.mkdir(parents=True)
    for index, image in enumerate(smooth_images(5, 80)):
        write_micrograph(folder / f"S{index}-a.tif", Micrograph(image[:, :, None], 2.5))
    return folder


def write_datasets() -> None:
    write_dataset(plan_dataset(PrepareOptions("small", (write_raw_images(),))), ROOT / "datasets" / "small")
    grey_classes(ROOT / "datasets")
    unpaired(ROOT, list(smooth_images(5, 64)), list(255 - np.array(smooth_images(5, 64, seed=1))))
    for folder in ("a", "b", "datasets/raw", "datasets/masks"):
        shutil.rmtree(ROOT / folder)


def trained(name: str, dataset: str, *changes: str) -> str:
    run_id = create_training(short(name, "train.steps=6", *changes), dataset)
    run_training(run_id)
    return run_id


def interrupted_gan() -> str:
    """A training of two stages that was stopped in its second stage, by what a SIGTERM does to its process."""
    run_id = create_training(short("esrgan-x4-small", "train.steps=24", "train.checkpoint_every=1"), "small")
    stored = RunWriter.checkpoint

    def checkpoint(writer: RunWriter, step: int, folder: Path, kind: CheckpointKind) -> None:
        stored(writer, step, folder, kind)
        if step == 16:
            os.kill(os.getpid(), signal.SIGTERM)

    # Progress is told by the clock, checkpoints by the step.
    RunWriter.checkpoint = checkpoint
    run_training(run_id)
    RunWriter.checkpoint = stored
    assert get_run(run_id).status == "KILLED"
    return run_id


def wait_for(task: str) -> None:
    while task_state(task).status == "running":
        time.sleep(0.2)
    assert task_state(task).status == "done", task_state(task)


def main() -> None:
    write_datasets()
    small = ["train.steps=12", "train.batch=2", "train.patch=32", "train.validate_every=4", "train.log_every=1"]
    sizes = ["network.blocks=1", "network.width=8", "network.scale=2", "degradation.scale=2"]
    recipe = override(find_recipe("srresnet-x4-small"), [*small, *sizes, "train.checkpoint_every=3"])
    runs = {"restoration": create_training(recipe, "small")}
    run_training(runs["restoration"])
    runs["gan"] = interrupted_gan()
    runs["segmentation"] = trained("unet-segment-small", "m")
    runs["cycle"] = trained("cyclegan-translate-small", "u")
    scores = {}
    for name, dataset in (("restoration", "small"), ("gan", "small"), ("segmentation", "m")):
        report, _ = evaluate(runs[name], dataset)
        scores[name] = {metric: report.mean(report.model, metric).mean for metric in report.metrics}
    round_trip(runs["cycle"], runs["cycle"] + ":backward", "u")
    register(runs["restoration"], "sharp")
    register(runs["cycle"] + ":backward", "back", "candidate")
    study = small_study(models=(runs["restoration"], "floor:bicubic"))
    sit(study, "Ada")
    sit(study, "Grace", right=False, most=3)
    image = ROOT / "raw" / "S0-a.tif"
    results = predict("models:/sharp@champion", [image], ROOT / "predictions")
    task = start_task(["predict", runs["segmentation"], str(image), "--out", str(ROOT / "predictions" / "classes")])
    wait_for(task)
    expected = {
        "home": str(ROOT),
        "runs": runs,
        "study": study.run_id,
        "task": task,
        "scores": scores,
        "prediction": str(Path(results[0].output).relative_to(ROOT)),
        "mean": float(read_micrograph(Path(results[0].output)).pixels.mean()),
    }
    (ROOT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    make_small(runs)


def make_small(runs: dict[str, str]) -> None:
    """What nothing is resumed from goes, and so does one of two equal copies of the code."""
    shutil.rmtree(home().work)
    kept = home().artifacts / "sem" / runs["gan"] / "artifacts" / "checkpoints" / "last" / "state.pt"
    for state in home().artifacts.rglob("state.pt"):
        if state != kept:
            state.unlink()
    shutil.rmtree(home().artifacts / "sem" / runs["cycle"] / "artifacts" / "models" / "back" / "code")
    for lock in home().mlruns.rglob("*.lock"):
        lock.unlink()
    for name in ("mlflow.db", "jobs/queue.db"):
        with sqlite3.connect(home().mlruns / name) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("VACUUM")


if __name__ == "__main__":
    main()
