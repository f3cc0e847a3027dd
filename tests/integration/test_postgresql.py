"""The store in a real PostgreSQL: the same runs, curves, files, models and pages as in the embedded one."""

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

from pipelines.backup.backup import backup
from pipelines.backup.requests import BackupRequest, RestoreRequest
from pipelines.backup.restore import restore
from pipelines.model_ref import RegistryRef
from pipelines.people.person import local_person
from pipelines.tracking import runs
from pipelines.tracking.annotations import note_of, write_note
from pipelines.tracking.artifacts import get_text, put_text
from pipelines.tracking.database import has_database, read_curve, read_run, read_runs
from pipelines.tracking.metrics import GrowingCurves, _points_of_server
from pipelines.tracking.registry import find_version, local_folder, register_model
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import create_run, get_run, list_runs
from pipelines.tracking.store import artifacts_of, client, engine
from pipelines.upkeep.copy_store import copy_store
from pipelines.upkeep.requests import CopyStoreRequest
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.inference.storage import save_model
from sem_models.networks.table import build_network
from tests.integration.test_reading_the_database import comparable, fill
from tests.support.pages import assert_sound, page
from tests.support.postgres import Postgres, running_postgres
from tests.support.rows import all_rows
from tests.support.stores import unpack_store
from tests.support.trained_runs import train_run

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as running:
        # MLflow needs seconds to make its tables; each test gets a copy.
        os.environ["MLFLOW_TRACKING_URI"] = running.create("made")
        try:
            MlflowClient(os.environ["MLFLOW_TRACKING_URI"])._tracking_client.store.engine.dispose()
        finally:
            del os.environ["MLFLOW_TRACKING_URI"]
        yield running


@pytest.fixture
def store(server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty store, with a home folder and a working folder that are not the same."""
    name = f"t{uuid.uuid4().hex}"
    (tmp_path / "started-here").mkdir()
    monkeypatch.chdir(tmp_path / "started-here")
    monkeypatch.setenv("SEM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.create(name, "made"))
    yield name
    engine().dispose()
    server.drop(name)


def test_runs_and_curves_are_those_that_mlflow_returns(store: str) -> None:
    made = fill()
    assert has_database()
    assert comparable(read_runs()) == comparable(runs._runs_of_server())
    assert len(read_runs()) == 3
    for run_id in made.values():
        one, other = read_run(run_id), runs._run_of_server(run_id)
        assert one and other and comparable([one]) == comparable([other])
    assert read_run("nothing") is None
    seen = GrowingCurves(made["b"])
    points = [Metric("m", float(step), 1000 + step, step) for step in range(1, 200)]
    client().log_batch(made["b"], metrics=points)
    assert seen.points("m") == [(step, float(step)) for step in range(1, 200)]
    assert read_curve(made["b"], "m") == _points_of_server(made["b"], "m", 0)
    client().log_batch(made["b"], metrics=[Metric("m", 7.5, 2000, 7), Metric("m", 0.5, 2001, 200)])
    assert seen.points("m")[6] == (7, 7.5) and seen.points("m")[-1] == (200, 0.5)
    # The clock was set back: the times of what follows lie before all others.
    for step in (201, 202):
        client().log_batch(made["b"], metrics=[Metric("m", float(step), step, step)])
        assert seen.points("m")[-1] == (step, float(step)) and len(seen.points("m")) == step


def test_a_training_is_seen_on_every_page_and_puts_nothing_into_the_working_folder(
    store: str, tiny_recipe: Recipe, tmp_path: Path, small_dataset: object
) -> None:
    """Nor does a run of MLflow's own first experiment."""
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "datasets").rename(tmp_path / "home" / "datasets")
    trained = train_run(tiny_recipe, "small")
    assert get_run(trained).status == "FINISHED"
    own = create_run("Default", "in MLflow's own experiment", "dataset", {}, {})
    put_text(own, "notes/a.txt", "here")
    folder = tmp_path / "home" / "mlruns" / "artifacts"
    assert (folder / "Default" / own / "artifacts" / "notes" / "a.txt").is_file()
    assert list((folder / "tests" / trained / "artifacts" / "checkpoints" / "best").iterdir())
    for name in ("home", "data", "train", "runs", "inference", "compare", "study"):
        assert_sound(page(name))
    assert_sound(page("runs", run=trained))
    assert list((tmp_path / "started-here").iterdir()) == []


def test_models_are_registered_and_found(store: str, tiny_recipe: Recipe, tmp_path: Path) -> None:
    run_id = create_run("sem", "a run", "training", {}, {})
    (tmp_path / "model").mkdir()
    save_model(tmp_path / "model", tiny_recipe, build_network(tiny_recipe.network).state_dict())
    register_model(run_id, tmp_path / "model", "m", "champion", {}, local_person())
    folder, source = local_folder(RegistryRef("m", "champion"))
    assert source == run_id and folder.is_relative_to(tmp_path / "home")
    assert str(find_version(RegistryRef("m", "champion")).source).startswith("file://")


def test_a_store_that_a_server_began_keeps_addresses_that_the_server_can_send(
    store: str, server: Postgres, tmp_path: Path
) -> None:
    """The workbench finds the files without the server, which stands before the same database and folder."""
    own = MlflowClient(os.environ["MLFLOW_TRACKING_URI"])._tracking_client.store.engine
    with own.begin() as connection:
        connection.exec_driver_sql("UPDATE experiments SET artifact_location = 'mlflow-artifacts:/0'")
    run_id = create_run("with spaces", "a run", "training", {}, {})
    put_text(run_id, "a.txt", "first")
    assert client().get_run(run_id).info.artifact_uri == f"mlflow-artifacts:/with%20spaces/{run_id}/artifacts"
    assert (tmp_path / "home/mlruns/artifacts/with spaces" / run_id / "artifacts/a.txt").read_text() == "first"
    assert get_text(run_id, "a.txt") == "first"
    in_first = create_run("Default", "in the first experiment", "training", {}, {})
    assert (
        artifacts_of(in_first).artifact_uri == (tmp_path / "home/mlruns/artifacts/0" / in_first / "artifacts").as_uri()
    )


def test_a_database_that_is_away_is_named_without_its_password(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = os.environ["MLFLOW_TRACKING_URI"]
    wrong = address.replace("s3cret", "wr0ng")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", wrong)
    with pytest.raises(
        UserError, match=r"lab:\*\*\*@127.0.0.1.* does not answer: .*password authentication failed"
    ) as e:
        list_runs()
    assert "wr0ng" not in str(e.value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)


def test_a_database_that_stops_is_reported_and_found_again(store: str, server: Postgres) -> None:
    run_id = create_run("sem", "a run", "training", {}, {})
    server.control("-m", "immediate", "stop")
    try:
        with pytest.raises(UserError, match="does not answer"):
            get_run(run_id)
    finally:
        server.start()
    assert get_run(run_id).name == "a run"


def without_roots(rows: dict[str, list[str]], *homes: Path) -> dict[str, list[str]]:
    """Rows with one spelling for addresses below a home folder and for those of a tracking server."""
    roots = [*(f"{home.as_uri()}/mlruns/artifacts/" for home in homes), "mlflow-artifacts:/"]
    spelt = re.compile("|".join(re.escape(root) for root in roots))
    return {table: sorted(spelt.sub("FILES/", row) for row in found) for table, found in rows.items()}


def test_a_store_of_an_earlier_version_goes_there_and_back(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row, and the program reads the same; new experiments are numbered after the copied ones."""
    old, back = tmp_path / "old", tmp_path / "back"
    unpack_store("2d480d1", old)
    monkeypatch.setenv("SEM_HOME", str(old))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    known = list_runs()
    assert known
    target = server.create("migrated")
    copied = copy_store(CopyStoreRequest(target=target, files="server"))
    assert copied.elsewhere == () and copied.runs >= len(known)
    before = all_rows(f"sqlite:///{old}/mlruns/mlflow.db")
    assert without_roots(all_rows(target), old) == without_roots(before, old)

    monkeypatch.setenv("MLFLOW_TRACKING_URI", target)
    assert list_runs() == known
    run = next(one for one in known if one.metrics)
    key = next(iter(run.metrics))
    curve = GrowingCurves(run.run_id).points(key)
    assert curve and stored_recipe(next(one.run_id for one in known if one.is_training))

    shutil.copytree(old / "mlruns" / "artifacts", back / "mlruns" / "artifacts")
    monkeypatch.setenv("SEM_HOME", str(back))
    copy_store(CopyStoreRequest(target="desk"))
    assert without_roots(all_rows(f"sqlite:///{back}/mlruns/mlflow.db"), back) == without_roots(before, old)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert list_runs() == known
    assert GrowingCurves(run.run_id).points(key) == curve

    monkeypatch.setenv("MLFLOW_TRACKING_URI", target)
    added = create_run("made after the move", "x", "training", {}, {})
    assert get_run(added).experiment == "made after the move"
    engine().dispose()


def test_names_and_notes_of_any_script_move(server: Postgres, sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a character that SQLite takes and PostgreSQL does not, as an earlier version let somebody write it."""
    scripts = ["Ω µ Å", "钢的显微图像", "سطح الفولاذ", "стали ё", "เหล็กกล้า", "🧪👩🏽‍🔬", "e\u0301 é"]
    made = [create_run(f"x{name[0]}", name, "training", {"k": name}, {"t": name}) for name in scripts[:5]]
    made += [create_run("sem", name, "training", {"k": name}, {"t": name}) for name in scripts[5:]]
    write_note(made[5], "🧪" * 8000)
    client().set_tag(made[0], "note", "with a\0character")
    known = list_runs()
    target = server.create("scripts")
    copy_store(CopyStoreRequest(target=target, files="server"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", target)
    moved = {run.run_id: run for run in list_runs()}
    assert moved[made[0]].tags["note"] == "with acharacter"
    assert [run for run in known if run.run_id != made[0]] == [
        moved[one.run_id] for one in known if one.run_id != made[0]
    ]
    assert note_of(moved[made[5]]) == "🧪" * 8000
    engine().dispose()


def test_a_lab_is_backed_up_while_it_works_and_restored_to_a_desk_and_to_a_server(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row and every file as it was at one moment; nothing of a transaction that had not ended."""
    lab, desk = tmp_path / "lab", tmp_path / "desk"
    unpack_store("2d480d1", lab)
    monkeypatch.setenv("SEM_HOME", str(lab))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    address = server.create("working")
    copy_store(CopyStoreRequest(target=address, files="server"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    run_id = create_run("made on the server", "x", "training", {}, {})
    put_text(run_id, "notes/a.txt", "first")
    client().log_batch(run_id, metrics=[Metric("m", 0.5, 1, 1)])
    before, known, stored = all_rows(address), facts(), checksums(lab)

    with engine().connect() as unfinished:
        unfinished.exec_driver_sql("INSERT INTO tags (key, value, run_uuid) VALUES ('open', '1', %s)", (run_id,))
        made = backup(BackupRequest(out=tmp_path / "b.tar", with_datasets=True))
        unfinished.rollback()
    assert made.changed == ()

    restore(RestoreRequest(archive=tmp_path / "b.tar", to=desk))
    monkeypatch.setenv("SEM_HOME", str(desk))
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert as_at(lab, desk, all_rows(f"sqlite:///{desk}/mlruns/mlflow.db")) == without_roots(before, lab)
    assert checksums(desk) == stored
    assert facts() == known
    assert get_text(run_id, "notes/a.txt") == "first"

    again = server.create("restored")
    copy_store(CopyStoreRequest(target=again, files="server"))
    assert as_at(lab, desk, all_rows(again)) == without_roots(before, lab)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", again)
    assert (facts(), get_text(run_id, "notes/a.txt")) == (known, "first")
    engine().dispose()


def facts() -> list[object]:
    """What a store says of its runs, but for where it is."""
    return [(run.run_id, run.name, run.status, run.params, run.metrics, run.started) for run in list_runs()]


def as_at(old: Path, new: Path, rows: dict[str, list[str]]) -> dict[str, list[str]]:
    """Rows of a store that has moved, as they were at its old place."""
    return without_roots(
        {table: [row.replace(str(new), str(old)) for row in found] for table, found in rows.items()}, old
    )


def checksums(home: Path) -> dict[str, str]:
    """SHA-256 of all that is backed up but databases and locks."""
    found = [path for folder in ("mlruns", "datasets", "uploads", "results") for path in (home / folder).rglob("*")]
    files = [path for path in found if path.is_file() and ".db" not in path.name]
    kept = [path for path in files if not path.name.endswith(".lock")]
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}
