"""The whole store in another database: row by row the same, and the same for everybody who reads it."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.jobs import queue
from pipelines.jobs.liveness import this_process
from pipelines.model_ref import RegistryRef
from pipelines.people.person import local_person
from pipelines.tracking.artifacts import get_text, put_text
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.registry import find_version, local_folder, register_model
from pipelines.tracking.runs import create_run, get_run, list_runs
from pipelines.tracking.store import client
from pipelines.upkeep.copy_store import copy_store
from pipelines.upkeep.requests import CopyStoreRequest
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.inference.storage import save_model
from sem_models.networks.table import build_network
from tests.integration.test_reading_the_database import fill
from tests.support.empty_store import add_empty_store
from tests.support.rows import all_rows


@pytest.fixture
def filled(sem_home: Path, tiny_recipe: Recipe, tmp_path: Path) -> str:
    """A store with runs of all kinds and a registered model; returns the run of the model."""
    run_id = fill()["a"]
    put_text(run_id, "notes/a.txt", "first")
    (tmp_path / "model").mkdir()
    save_model(tmp_path / "model", tiny_recipe, build_network(tiny_recipe.network).state_dict())
    register_model(run_id, tmp_path / "model", "m", "champion", {"k": "v"}, local_person())
    return run_id


@pytest.fixture
def empty(tmp_path: Path) -> str:
    """The address of an empty SQLite database elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    return f"sqlite:///{add_empty_store(tmp_path / 'elsewhere') / 'mlruns' / 'mlflow.db'}"


def test_a_copy_has_the_same_rows(
    filled: str, empty: str, sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_runs()
    copied = copy_store(CopyStoreRequest(target=empty))
    assert all_rows(empty) == all_rows(f"sqlite:///{sem_home}/mlruns/mlflow.db")
    assert (copied.runs, copied.models, copied.elsewhere) == (5, 1, ())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty)
    assert [run.run_id for run in list_runs()] == [run.run_id for run in before]
    assert metric_history(filled, "whole") == [(1, 2.0), (2, 3.0)]
    assert get_text(filled, "notes/a.txt") == "first"
    assert local_folder(RegistryRef("m", "champion"))[1] == filled
    # New rows are numbered after the copied ones.
    assert get_run(create_run("a new experiment", "x", "training", {}, {})).experiment == "a new experiment"


def test_addresses_for_a_tracking_server(filled: str, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workbench, which sees the folder, finds the files without the server, and so does the way back."""
    copy_store(CopyStoreRequest(target=empty, files="server"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty)
    assert client().get_run(filled).info.artifact_uri == f"mlflow-artifacts:/sem/{filled}/artifacts"
    version = find_version(RegistryRef("m", "champion"))
    assert str(version.source).startswith(f"mlflow-artifacts:/sem/{filled}/artifacts/models/m-")
    assert client().get_experiment("0").artifact_location == "mlflow-artifacts:/Default"
    assert get_text(filled, "notes/a.txt") == "first"
    assert local_folder(RegistryRef("m", "champion"))[1] == filled
    later = create_run("with spaces", "later", "training", {}, {})
    put_text(later, "b.txt", "second")
    assert client().get_run(later).info.artifact_uri == f"mlflow-artifacts:/with%20spaces/{later}/artifacts"
    assert get_text(later, "b.txt") == "second"


def test_the_way_back_to_one_desk(
    filled: str, empty: str, sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another folder, such as that of a new computer."""
    copy_store(CopyStoreRequest(target=empty, files="server"))
    desk = tmp_path / "desk"
    shutil.copytree(sem_home / "mlruns" / "artifacts", desk / "mlruns" / "artifacts")
    add_empty_store(desk)
    monkeypatch.setenv("SEM_HOME", str(desk))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty)
    copy_store(CopyStoreRequest(target="desk"))
    before = {
        table: [row.replace(f"{sem_home.as_uri()}/mlruns", f"{desk.as_uri()}/mlruns") for row in rows]
        for table, rows in all_rows(f"sqlite:///{sem_home}/mlruns/mlflow.db").items()
    }
    assert all_rows(f"sqlite:///{desk}/mlruns/mlflow.db") == before
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    put_text(filled, "notes/b.txt", "second")
    assert get_text(filled, "notes/a.txt") == "first"
    assert (desk / "mlruns/artifacts/sem" / filled / "artifacts/notes/b.txt").is_file()


def test_files_that_lie_elsewhere_are_named(sem_home: Path, empty: str) -> None:
    client().create_experiment("foreign", artifact_location="s3://bucket/foreign")
    ended = CliRunner().invoke(app, ["store", "copy", empty, "--files", "server"])
    assert ended.exit_code == 0, ended.output
    assert "left as it is: s3://bucket/foreign" in ended.output


def test_what_cannot_be_copied_is_refused_and_changes_nothing(
    sem_home: Path, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = f"sqlite:///{sem_home}/mlruns/mlflow.db"
    create_run("sem", "x", "training", {}, {})
    for target, reason in ((own, "present store"), ("desk", "present store"), ("http://lab", "must be the address")):
        with pytest.raises(UserError, match=reason):
            copy_store(CopyStoreRequest(target=target))
    copy_store(CopyStoreRequest(target=empty))
    before = all_rows(empty)
    create_run("sem", "y", "training", {}, {})
    with pytest.raises(UserError, match="name an empty one"):
        copy_store(CopyStoreRequest(target=empty))
    assert all_rows(empty) == before
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    with pytest.raises(UserError, match="on the machine of the server"):
        copy_store(CopyStoreRequest(target=empty))


def test_a_copy_waits_for_nobody_and_refuses_while_a_training_goes_on(sem_home: Path, empty: str) -> None:
    run_id = create_run("sem", "x", "training", {}, {})
    queue.enqueue(run_id)
    queue.sign_in(run_id, this_process())
    with pytest.raises(UserError, match=f"{run_id} would go on"):
        copy_store(CopyStoreRequest(target=empty))


def test_a_copy_that_fails_leaves_nothing_behind(filled: str, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.tracking import copying

    before = all_rows(empty)
    real = copying._copy

    def broken(table, *others):
        if table.name == "metrics":
            raise OSError("the disk is full")
        return real(table, *others)

    monkeypatch.setattr(copying, "_copy", broken)
    with pytest.raises(OSError, match="disk is full"):
        copy_store(CopyStoreRequest(target=empty))
    assert all_rows(empty) == before
