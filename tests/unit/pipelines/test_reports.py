"""Reports stored with runs, under the names that earlier versions used."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel

from pipelines.evaluate.reports import save_report, saved_reports
from pipelines.json_safe import to_json_safe
from pipelines.tracking.artifacts import get_text, list_files
from pipelines.tracking.keys import (
    Artifact,
    Experiment,
    Tag,
    discriminator_key,
    image_count_key,
    of_direction,
    score_key,
)
from pipelines.tracking.runs import create_run, get_run


class Note(BaseModel):
    text: str


@dataclass(frozen=True)
class Scores:
    mean: float
    rows: tuple[float, ...]


def test_json_has_no_nan() -> None:
    content = {"a": math.nan, "b": [math.inf, -math.inf, 1.5], "c": ({"d": math.nan}, "nan", None, 0)}
    assert to_json_safe(content) == {"a": None, "b": [None, None, 1.5], "c": [{"d": None}, "nan", None, 0]}


def test_reports_of_both_directions_stay_apart(sem_home: Path) -> None:
    run_id = create_run("sem", "x", "training", {}, {})
    for name in ("b", "a"):
        save_report(run_id, f"notes/{name}", Note(text=name), {f"test/{name}": 1.0})
    save_report(run_id, "notes/a", Note(text="back"), {"test/a": 2.0}, "backward")
    assert saved_reports(run_id, "notes", Note) == {"a": Note(text="a"), "b": Note(text="b")}
    assert saved_reports(run_id, "notes", Note, "backward") == {"a": Note(text="back")}
    assert saved_reports(run_id, "nothing", Note) == {}
    assert dict(get_run(run_id).metrics) == {"test/a": 1.0, "test/b": 1.0, "backward/test/a": 2.0}
    assert list_files(run_id, "notes") == ["notes/a.json", "notes/b.json"], "only tables of images have a CSV file"


def test_what_is_not_finite_is_null_in_the_file_and_no_metric(sem_home: Path) -> None:
    run_id = create_run("sem", "x", "training", {}, {})
    save_report(run_id, "scores", Scores(math.nan, (1.0, math.inf)), {"mean": math.nan, "worst": math.inf, "best": 1.0})
    assert json.loads(get_text(run_id, "scores.json")) == {"mean": None, "rows": [1.0, None]}
    assert dict(get_run(run_id).metrics) == {"best": 1.0}


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        (Tag.KIND, "sem.kind"),
        (Tag.TASK, "sem.task"),
        (Tag.RECIPE, "sem.recipe"),
        (Tag.DATASET, "sem.dataset"),
        (Tag.DATASET_DIGEST, "sem.dataset_digest"),
        (Tag.COMMIT, "sem.commit"),
        (Tag.HOST, "sem.host"),
        (Tag.HOME, "sem.home"),
        (Tag.REASON, "sem.reason"),
        (Tag.ENDED_BY, "sem.ended_by"),
        (Tag.BEST_STEP, "sem.best_step"),
        (Tag.INITIAL_RUN, "sem.initial_run"),
        (Tag.INTERPOLATED_FROM, "sem.interpolated_from"),
        (Tag.DIRECTION, "sem.direction"),
        (Tag.WARNING, "sem.warning."),
        (Tag.evaluated("test"), "sem.evaluated.test"),
        (Artifact.RECIPE, "recipe.json"),
        (Artifact.MANIFEST, "dataset/manifest.json"),
        (Artifact.INITIAL_MODEL, "initial"),
        (Artifact.CHECKPOINTS, "checkpoints"),
        (Artifact.BEST, "checkpoints/best"),
        (Artifact.STAGE, "checkpoints/stage"),
        (Artifact.checkpoint("last"), "checkpoints/last"),
        (Artifact.SAMPLES, "samples"),
        (Artifact.FIXED_SAMPLES, "samples/fixed"),
        (Artifact.sample(30, "a"), "samples/0000030/a"),
        (Artifact.registered_version("a", "0123abcd"), "models/a-0123abcd"),
        (Artifact.EVALUATION, "evaluation"),
        (Artifact.DISCRIMINATOR, "discriminator"),
        (Artifact.DOWNSTREAM, "downstream"),
        (Artifact.MASK_CONSISTENCY, "consistency"),
        (Artifact.NO_REFERENCE, "judge"),
        (Artifact.ROUND_TRIP, "round_trip"),
        (Artifact.STUDY_DEFINITION, "definition.json"),
        (Artifact.STUDY_KEY, "key.json"),
        (Artifact.STUDY_PICTURES, "pictures"),
        (Artifact.STUDY_ANSWERS, "answers"),
        (Artifact.STUDY_OPENED, "opened"),
        (Experiment.DEFAULT, "sem"),
        (Experiment.DATASETS, "datasets"),
        (Experiment.BASELINES, "floors"),
        (Experiment.DOWNSTREAM, "downstream"),
        (Experiment.STUDIES, "studies"),
        (image_count_key("val"), "images/val"),
        (score_key("test", "psnr_db"), "test/psnr_db"),
        (score_key("test", "psnr_db", "a set (2)"), "test/a_set__2_/psnr_db"),
        (discriminator_key("a set-test", "auc"), "disc/a_set-test/auc"),
        (of_direction("test/ssim", "backward"), "backward/test/ssim"),
        (of_direction("test/ssim", "forward"), "test/ssim"),
    ],
)
def test_names_are_those_of_stores_that_are_there(name: str, stored: str) -> None:
    assert name == stored
