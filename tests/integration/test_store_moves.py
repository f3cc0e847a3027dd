"""A store is moved, copied, and opened at two paths at once; nothing in it depends on its original place."""

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from pipelines.evaluate.compare import compare
from pipelines.evaluate.requests import CompareRequest
from pipelines.home import Home, TaskFile
from pipelines.jobs import run_task
from pipelines.jobs.control import reconcile
from pipelines.jobs.executor import LocalExecutor, Needs
from pipelines.jobs.liveness import HOST, Process, this_process
from pipelines.jobs.tasks import start_task, task_state
from pipelines.model_ref import RegistryRef
from pipelines.people.person import local_person
from pipelines.predict.requests import PredictRequest
from pipelines.tracking.artifacts import get_text, list_files, put_text
from pipelines.tracking.place import BACKUP, behind_server, follow, here, served_address
from pipelines.tracking.records import append_record, read_records
from pipelines.tracking.registry import find_version, local_folder, register_model
from pipelines.tracking.runs import create_run, get_run, list_runs, set_status, set_tags
from sem_models.config.recipe import Recipe
from sem_models.inference.storage import save_model
from sem_models.networks.table import build_network
from tests.support.empty_store import add_empty_store
from tests.support.scored_runs import three_runs
from tests.support.stores import naming, shown_by_mlflow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs; MLflow takes seconds to make one."""
    home = add_empty_store(tmp_path_factory.mktemp("empty"))
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("SEM_HOME", str(home))
        changed.delenv("MLFLOW_TRACKING_URI", raising=False)
        list_runs()
    return home


@pytest.fixture
def first(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Home folder `first`, where the stores of these tests are written."""
    shutil.copytree(empty, tmp_path / "first")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("SEM_HOME", str(tmp_path / "first"))
    list_runs()
    (tmp_path / "first" / "mlruns" / BACKUP).unlink()
    return tmp_path / "first"


def opened_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEM_HOME", str(home))
    return home


def plain(home: Path) -> MlflowClient:
    """MLflow's own client, without the workbench."""
    return MlflowClient(f"sqlite:///{home}/mlruns/mlflow.db")


def written(recipe: Recipe, tmp_path: Path) -> str:
    """A run with a text and a registered model."""
    run_id = create_run("experiment with spaces", "a run", "training", {}, {})
    put_text(run_id, "notes/a.txt", "first")
    (tmp_path / "model").mkdir()
    save_model(tmp_path / "model", recipe, build_network(recipe.network).state_dict())
    register_model(run_id, tmp_path / "model", "m", "champion", {}, local_person())
    return run_id


@pytest.mark.parametrize("name", ["second", "Größe 50% #1/b c"])
def test_a_moved_store_is_whole(
    name: str, first: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    run_id = written(tiny_recipe, tmp_path)
    runs = three_runs()
    caplog.clear()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    second = opened_at(first.rename(tmp_path / name), monkeypatch)

    assert get_text(run_id, "notes/a.txt") == "first"
    assert len(compare(CompareRequest(run_ids=tuple(runs.values()))).columns) == 3
    folder, source = local_folder(RegistryRef("m", "champion"))
    assert folder.is_relative_to(second) and source == run_id
    put_text(run_id, "notes/b.txt", "second")
    later = create_run("experiment with spaces", "later", "training", {}, {})
    put_text(later, "c.txt", "third")
    assert not first.exists()

    assert sum("This store was at" in message for message in caplog.messages) == 1
    assert naming(second / "mlruns" / "mlflow.db", str(first)) == []
    assert "runs.artifact_uri" in naming(second / "mlruns" / BACKUP, str(first))
    theirs = plain(second)
    for run, path, text in ((run_id, "notes/b.txt", "second"), (later, "c.txt", "third")):
        assert Path(theirs.download_artifacts(run, path)).read_text() == text
    source = theirs.get_model_version_by_alias("m", "champion").source
    path = f"{source.partition(f'/{run_id}/artifacts/')[2]}/MLmodel"
    assert Path(theirs.download_artifacts(run_id, path)).is_file()
    assert source == find_version(RegistryRef("m", "champion")).source


def test_mlflows_pages_show_the_files_of_a_moved_store(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = create_run("sem", "a run", "training", {}, {})
    put_text(run_id, "notes/a.txt", "first")
    second = opened_at(first.rename(tmp_path / "second"), monkeypatch)
    assert list_files(run_id) == ["notes"]
    assert shown_by_mlflow(second, run_id, "notes/a.txt", monkeypatch) == b"first"


def test_a_copy_and_its_original_know_nothing_of_each_other(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = create_run("sem", "a run", "training", {}, {})
    put_text(run_id, "a.txt", "first")
    append_record(run_id, "answers", "one", "1")
    second = tmp_path / "second"
    shutil.copytree(first, second)
    opened_at(second, monkeypatch)
    put_text(run_id, "a.txt", "changed in the copy")
    append_record(run_id, "answers", "two", "2")
    added = create_run("sem", "another", "training", {}, {})
    assert get_text(run_id, "a.txt") == "changed in the copy"
    assert Path(plain(second).download_artifacts(run_id, "a.txt")).read_text() == "changed in the copy"

    opened_at(first, monkeypatch)
    assert get_text(run_id, "a.txt") == "first"
    assert read_records(run_id, "answers") == ["1"]
    assert added not in [run.run_id for run in list_runs()]
    assert naming(first / "mlruns" / "mlflow.db", str(second)) == []
    assert Path(plain(first).download_artifacts(run_id, "a.txt")).read_text() == "first"


_HOLD = "from pipelines.tracking.runs import list_runs; list_runs(); print('open', flush=True); input()"


@pytest.fixture
def elsewhere(first: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that keeps the store at `first` open."""
    run_id = create_run("sem", "a run", "training", {}, {})
    put_text(run_id, "a.txt", "first")
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout and process.stdout.readline() == "open\n"
    yield process
    process.kill()
    process.wait()


def test_addresses_stay_while_the_store_is_open_at_its_old_place(
    first: Path, elsewhere: "subprocess.Popen[str]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Like a container and its host, which see one folder at two paths."""
    (run,) = list_runs()
    second = opened_at(first.rename(tmp_path / "second"), monkeypatch)
    assert get_text(run.run_id, "a.txt") == "first"
    added = create_run("sem", "added", "training", {}, {})
    put_text(added, "b.txt", "second")
    assert naming(second / "mlruns" / "mlflow.db", str(second)) == []
    assert not (second / "mlruns" / BACKUP).exists()
    assert not first.exists()

    elsewhere.communicate("done\n")
    follow(Home(second))
    assert get_text(added, "b.txt") == "second"
    assert naming(second / "mlruns" / "mlflow.db", str(first)) == []
    assert Path(plain(second).download_artifacts(added, "b.txt")).read_text() == "second"


def test_the_same_folder_by_another_name_is_no_move(first: Path, tmp_path: Path) -> None:
    run_id = create_run("sem", "a run", "training", {}, {})
    put_text(run_id, "a.txt", "first")
    real = first.rename(tmp_path / "real")
    first.symlink_to(real)
    follow(Home(real))
    assert naming(real / "mlruns" / "mlflow.db", str(real)) == []
    assert Path(plain(real).download_artifacts(run_id, "a.txt")).read_text() == "first"


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/mlruns/artifacts/sem/1/artifacts",
        "mlflow-artifacts:/1/2/artifacts",
        "file:///data/other/1/artifacts",
    ],
)
def test_addresses_of_others_are_left_alone(address: str) -> None:
    assert here(address, Home(Path("/new"))) == address


@pytest.mark.parametrize(
    ("served", "below"),
    [
        ("mlflow-artifacts:/sem/1/artifacts", "file:///new/mlruns/artifacts/sem/1/artifacts"),
        ("mlflow-artifacts:/with%20spaces/1", "file:///new/mlruns/artifacts/with%20spaces/1"),
        ("s3://bucket/1", "s3://bucket/1"),
        ("file:///other/mlruns/artifacts/sem/1", "file:///other/mlruns/artifacts/sem/1"),
    ],
)
def test_files_of_a_tracking_server_are_found_without_it_and_back(served: str, below: str) -> None:
    place = Home(Path("/new"))
    assert behind_server(served, place) == below
    assert served_address(below, place) == served


@pytest.mark.parametrize("inside", ["../x", "a/../../x", "a/%2e%2e/%2e%2e/x", "/../x"])
def test_no_address_of_a_server_leads_out_of_the_home_folder(inside: str) -> None:
    assert behind_server(f"mlflow-artifacts:/{inside}", Home(Path("/new"))) == f"mlflow-artifacts:/{inside}"


def test_a_store_that_cannot_be_written_is_read(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = create_run("sem", "a run", "training", {}, {})
    put_text(run_id, "a.txt", "first")
    second = opened_at(first.rename(tmp_path / "second"), monkeypatch)
    (second / "mlruns" / f"{BACKUP}.part").mkdir()  # no backup, no change
    with caplog.at_level(logging.WARNING):
        assert get_text(run_id, "a.txt") == "first"
    assert "could not be brought up to date" in caplog.text
    assert naming(second / "mlruns" / "mlflow.db", str(second)) == []


def test_results_of_tasks_are_found(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, output = str(first / "uploads" / "a.tif"), str(first / "results" / "a.tif")
    outcome = json.dumps({"result": {"results": [{"source": source, "output": output}]}})

    def main(folder: Path) -> int:
        (folder / TaskFile.OUTCOME).write_text(outcome)
        return 0

    monkeypatch.setattr("pipelines.cli.task.main", main)

    def launch(_: LocalExecutor, module: str, arguments: list[str], log: Path, needs: Needs) -> Process:
        assert module == "pipelines.jobs.run_task"
        assert run_task.main(arguments) == 0
        return this_process()

    monkeypatch.setattr(LocalExecutor, "launch", launch)
    request = PredictRequest(model="baseline:bicubic", inputs=(Path(source),), out=first / "results")
    task = start_task(request)
    second = opened_at(first.rename(tmp_path / "second"), monkeypatch)
    state = task_state(task)
    assert state.status == "done" and state.result
    assert state.result["results"] == [
        {"source": str(second / "uploads" / "a.tif"), "output": str(second / "results" / "a.tif")}
    ]
    assert state.request["inputs"] == [str(second / "uploads" / "a.tif")]
    assert state.request["out"] == str(second / "results")
    texts = [path.read_text() for path in (second / "mlruns" / "jobs" / "tasks" / task).glob("*.json")]
    assert len(texts) == 3 and not [text for text in texts if str(tmp_path) in text]


@pytest.mark.parametrize("path", ["first", "another mount of the same folder"])
def test_a_process_that_died_before_the_move_is_found(
    path: str, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = create_run("sem", "a run", "training", {}, {})
    set_tags(run_id, {"sem.host": HOST, "sem.home": str(tmp_path / path)})
    set_status(run_id, "RUNNING")
    opened_at(first.rename(tmp_path / "second"), monkeypatch)
    assert reconcile() == [run_id]
    assert get_run(run_id).status == "FAILED"
