"""A store of commit 2d480d1 is opened, shown, resumed, evaluated, predicted from and served; its study continues."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow import pyfunc

from pipelines.evaluate.compare import compare
from pipelines.evaluate.requests import CompareRequest, EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.home import home
from pipelines.jobs.tasks import list_tasks
from pipelines.predict.files import predict
from pipelines.predict.requests import PredictRequest
from pipelines.release import serve as serving
from pipelines.release.requests import ServeRequest
from pipelines.study.answers import all_answers
from pipelines.study.results import study_results
from pipelines.study.studies import open_study, picture_files
from pipelines.tracking.artifacts import fetch, samples
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.registry import COLUMN
from pipelines.tracking.runs import get_run, list_runs
from pipelines.tracking.versions import list_versions
from pipelines.train.run import run_training
from sem_models.images.io.read import read_micrograph
from tests.support.pages import assert_sound, page
from tests.support.stores import naming, shown_by_mlflow, unpack_store
from tests.support.studies import sit
from tests.support.tiff import decode_tiff

COMMIT = "2d480d1"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What that commit computed from the store, which is now the home folder and at another place."""
    folder = tmp_path_factory.mktemp("old") / "a store"
    folder.mkdir()
    expected = unpack_store(COMMIT, folder)
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("SEM_HOME", str(folder))
        changed.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield expected


def pixels(path: Path) -> np.ndarray:
    return read_micrograph(path).pixels


def test_runs_curves_samples_and_scores_are_there(old: dict[str, Any]) -> None:
    runs = old["runs"]
    status = {run.run_id: run.status for run in list_runs("sem", "training")}
    assert status == dict.fromkeys(runs.values(), "FINISHED") | {runs["gan"]: "KILLED"}
    assert len(metric_history(runs["restoration"], "train/charbonnier")) == 12
    for run_id in runs.values():
        shown = samples(run_id)
        assert shown.names and shown.steps
        for panel in shown.panels:
            assert fetch(run_id, shown.path(shown.names[0], panel, shown.steps[-1])).stat().st_size > 100
    column = compare(CompareRequest(run_ids=(runs["restoration"],))).columns[0]
    for metric, value in old["scores"]["restoration"].items():
        assert column.report.mean(column.report.model, metric).mean == pytest.approx(value)
    assert column.report.methods[1:] == ("baseline:bicubic", "baseline:identity")


def test_nothing_refers_to_the_old_place(old: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = old["runs"]["segmentation"]
    get_run(run_id)
    assert naming(home().database, old["home"]) == []
    assert shown_by_mlflow(home().root, run_id, "recipe.json", monkeypatch).startswith(b"{")
    (task,) = list_tasks()
    assert task.task_id == old["task"] and task.status == "done" and task.result
    assert Path(task.result["results"][0]["output"]) == home().root / "predictions" / "classes" / "S0-a.tif"
    assert task.use_case == "predict" and task.request["model"]


def test_models_predict_what_they_did(old: dict[str, Any], tmp_path: Path) -> None:
    image = home().root / "raw" / "S0-a.tif"
    versions = {version.name: version for version in list_versions()}
    assert versions["sharp"].aliases == ("champion",) and versions["back"].aliases == ("candidate",)
    models = {"models:/sharp@champion": "S0-a.tif", old["runs"]["segmentation"]: "classes/S0-a.tif"}
    for index, (model, name) in enumerate(models.items()):
        (result,) = predict(PredictRequest(model=model, inputs=(image,), out=tmp_path / str(index)))
        # Other processors round differently, which may change the class of a pixel or two.
        same = pixels(Path(result.output)) == pixels(home().root / "predictions" / name)
        assert same.mean() > 0.99
    (there,) = predict(PredictRequest(model=old["runs"]["cycle"], inputs=(image,), out=tmp_path / "there"))
    (back,) = predict(PredictRequest(model="models:/back@candidate", inputs=(image,), out=tmp_path / "back"))
    (same_back,) = predict(
        PredictRequest(model=f"{old['runs']['cycle']}:backward", inputs=(image,), out=tmp_path / "same")
    )
    assert np.array_equal(pixels(Path(back.output)), pixels(Path(same_back.output)))
    assert not np.array_equal(pixels(Path(back.output)), pixels(Path(there.output)))


SCORES = [("restoration", "small", "psnr_db"), ("segmentation", "m", "dice")]


@pytest.mark.parametrize(("name", "dataset", "metric"), SCORES)
def test_scores_are_what_they_were(name: str, dataset: str, metric: str, old: dict[str, Any]) -> None:
    report, run_id = evaluate(EvaluateRequest(model=old["runs"][name], dataset=dataset))
    assert run_id == old["runs"][name]
    assert report.mean(report.model, metric).mean == pytest.approx(old["scores"][name][metric], rel=1e-3)


def test_a_training_continues(old: dict[str, Any]) -> None:
    run_id = old["runs"]["gan"]
    before = metric_history(run_id, "train/restorer_total")
    result = run_training(run_id, resume=True)
    assert result and (result.step, result.reason) == (24, "finished")
    assert get_run(run_id).status == "FINISHED"
    after = metric_history(run_id, "train/restorer_total")
    assert len(after) > len(before) and after[: len(before)] == before


def test_a_study_continues(old: dict[str, Any]) -> None:
    study = open_study("small study")
    assert study.run_id == old["study"]
    assert len(all_answers(study)) == 13
    results = study_results(study)
    assert len(results.checked_answers) == 13
    assert study.definition.labels[1] == "baseline:bicubic"
    assert picture_files(study, list(study.items))[0].startswith(b"\x89PNG")
    sit(study, "Emmy", most=2)
    assert len(all_answers(open_study("small study"))) == 15


def test_models_are_served_without_the_code_beside_them(old: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Serving uses weights and recipe only. The stored code imports modules of its time and must never be executed."""
    stored = home().artifacts / "sem" / old["runs"]["restoration"] / "artifacts" / "models" / "sharp"
    for path in (stored / "served_model.py", *(stored / "code").rglob("*.py")):
        path.write_text("raise SystemExit('stored code was run')\n")
    answers: list[bytes] = []

    def answer(folder: Path, request: ServeRequest) -> int:
        content = (home().root / "raw" / "S0-a.tif").read_bytes()
        asked = pd.DataFrame({COLUMN: [base64.b64encode(content).decode()]})
        answers.append(base64.b64decode(pyfunc.load_model(str(folder)).predict(asked)[COLUMN][0]))
        return 0

    monkeypatch.setattr(serving, "_run_server", answer)
    assert serving.serve(ServeRequest(model="models:/sharp@champion")) == 0
    expected = pixels(home().root / "predictions" / "S0-a.tif")
    assert (decode_tiff(answers[0]).pixels == expected).mean() > 0.99


@pytest.mark.parametrize("name", ["runs", "compare", "study", "inference"])
def test_pages_open(name: str, old: dict[str, Any]) -> None:
    app = page(name)
    assert_sound(app)
