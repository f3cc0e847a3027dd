"""Names that would lead out of the home folder are refused before anything is stored; odd old ones still work."""

import json
import shutil
from pathlib import Path

import pytest

from pipelines.data.find import find_dataset
from pipelines.evaluate.requests import EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.runs import create_run, get_run
from pipelines.tracking.store import client
from pipelines.train.requests import TrainRequest
from pipelines.train.unvalidated import refuse_unvalidated
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError


def test_a_new_experiment_stays_inside(sem_home: Path) -> None:
    outside = {path.name for path in sem_home.parent.iterdir()}
    for name in ("../../x", "/abs", "a/b", "<img>", "x" * 300):
        with pytest.raises(UserError, match="experiment"):
            create_run(name, "x", "training", {}, {})
    assert {path.name for path in sem_home.parent.iterdir()} == outside
    client().create_experiment("team/x4's", artifact_location=(sem_home / "mlruns/artifacts/team").as_uri())
    assert get_run(create_run("team/x4's", "x", "training", {}, {})).experiment == "team/x4's"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"dataset": "/abs"}, "dataset /abs: is not the name of a folder"),
        ({"dataset": "..", "experiment": "e"}, "dataset ..: would lead out of its folder"),
        ({"dataset": "d", "experiment": "../../x"}, "experiment ../../x: would lead out of its folder"),
        ({"dataset": "d", "experiment": ""}, "experiment '': is empty"),
    ],
)
def test_requests_name_the_field(values: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match="^" + said.replace(".", r"\.")):
        TrainRequest(recipe="vdsr-x4", **values)
    with pytest.raises(UserError, match=r"^name \.\./\.\./x: cannot be a folder name"):
        RegisterRequest(run="0123", name="../../x")
    with pytest.raises(UserError, match=r"^alias v1: cannot be an alias"):
        RegisterRequest(run="0123", name="m", alias="v1")


def test_old_datasets_open_and_similar_ones_are_suggested(sem_home: Path, small_dataset: Dataset) -> None:
    for name in ("<b> it's old", "5\u03bcm"):
        shutil.copytree(small_dataset.folder, sem_home / "datasets" / name)
        assert find_dataset(name).digest == small_dataset.digest
    assert find_dataset("5\u00b5m").folder.name == "5\u03bcm", "the micro sign means the Greek letter"
    with pytest.raises(UserError, match=r"Did you mean small\?"):
        find_dataset("smal")


def test_a_manifest_cannot_lead_reports_out(sem_home: Path, small_dataset: Dataset) -> None:
    path = small_dataset.folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "name": "../../x"}))
    with pytest.raises(UserError, match=r"manifest\.json: the name '\.\./\.\./x' is not the name of a folder"):
        find_dataset("small")


def test_scores_on_two_datasets_stand_side_by_side(sem_home: Path, small_dataset: Dataset) -> None:
    """As a run that was trained on `small` would keep them."""
    other = sem_home / "datasets" / "other"
    shutil.copytree(small_dataset.folder, other)
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**manifest, "name": "other", "seed": 5}))
    _, run_id = evaluate(EvaluateRequest(model="baseline:bicubic", dataset="small"))
    report, other_run = evaluate(EvaluateRequest(model="baseline:identity", dataset="other"))
    assert {"test/psnr_db"} <= get_run(run_id).metrics.keys()
    from pipelines.evaluate import score
    from pipelines.model_ref import BaselineRef
    from pipelines.models import resolve_model

    score._store(run_id, resolve_model(BaselineRef("identity")), report, changed=False)
    metrics = get_run(run_id).metrics
    assert metrics["test/other/psnr_db"] == get_run(other_run).metrics["test/psnr_db"]
    assert metrics["test/psnr_db"] != metrics["test/other/psnr_db"]


def test_a_run_without_any_checkpoint_says_what_to_do(sem_home: Path) -> None:
    run = get_run(create_run("sem", "x", "training", {}, {}))
    with pytest.raises(UserError, match="wait for its first validation"):
        refuse_unvalidated(run)
    client().set_terminated(run.run_id, "KILLED")
    with pytest.raises(UserError, match=r"ended before its first checkpoint\. Resume it, or start a new run"):
        refuse_unvalidated(get_run(run.run_id))
    with pytest.raises(UserError, match=rf"Did you mean {run.run_id} \(x\)\?"):
        get_run(run.run_id[:8])
