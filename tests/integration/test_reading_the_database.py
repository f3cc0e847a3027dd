"""Runs and registered versions read straight from the embedded store are those that MLflow returns."""

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import pytest
from mlflow.entities import Metric
from sqlalchemy import text

from pipelines.people.person import Person
from pipelines.tracking import runs, versions
from pipelines.tracking.annotations import rename_run
from pipelines.tracking.database import StoredRun, read_run, read_runs
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunLabel, create_run, find_labels, get_run, list_runs, set_run_shared, set_status
from pipelines.tracking.store import client, engine
from pipelines.tracking.versions import list_versions


def fill() -> dict[str, str]:
    """Five runs in two experiments: one whose metrics are not finite, one deleted, one of another kind."""
    made = {name: create_run("sem", name, "training", {"a.b": 1, "long": "x" * 7000}, {"t": name}) for name in "abc"}
    made["other"] = create_run("floors", "other", "evaluation", {}, {})
    made["gone"] = create_run("old", "gone", "training", {}, {})
    values = {"whole": 2.0, "nan": math.nan, "inf": math.inf, "low": -math.inf}
    client().log_batch(made["a"], metrics=[Metric(key, value, 5, 1) for key, value in values.items()])
    client().log_metric(made["a"], "whole", 3.0, step=2)
    set_status(made["b"], "FAILED", "for a reason")
    client().delete_run(made["c"])
    client().delete_experiment(client().get_experiment_by_name("old").experiment_id)
    return made


def comparable(found: Sequence[StoredRun]) -> list[str]:
    """As text, because NaN differs from itself; tags that MLflow adds on the way are left out."""
    return sorted(str(astuple(run)[:7]) + str([sorted(part.items()) for part in astuple(run)[7:]]) for run in found)


def test_both_ways_return_the_same_runs(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fill()
    monkeypatch.setattr(runs, "_PAGE", 2)
    assert comparable(read_runs()) == comparable(runs._runs_of_server())
    assert len(read_runs()) == 3
    for run_id in made.values():
        one, other = read_run(run_id), runs._run_of_server(run_id)
        assert one and other
        assert comparable([one]) == comparable([other])
    assert math.isnan(get_run(made["a"]).metrics["nan"])
    assert read_run("nothing") is None


def test_parameters_that_were_added_are_read(sem_home: Path, asked: list[str]) -> None:
    """Those of finished runs are read once; what MLflow adds to a run, and a new run, is there at once."""
    made = fill()
    read_runs()
    asked.clear()
    assert comparable(read_runs()) == comparable(runs._runs_of_server())
    assert not [query for query in asked if query.startswith("SELECT run_uuid, key, value FROM params")]
    client().log_param(made["b"], "added", "1")
    new = create_run("sem", "new", "training", {"n": 2}, {})
    assert comparable(read_runs()) == comparable(runs._runs_of_server())
    client().delete_run(new)
    assert comparable(read_runs()) == comparable(runs._runs_of_server())


def test_names_and_owners_of_many_runs_are_read_at_once(sem_home: Path, asked: list[str]) -> None:
    mine = create_run("sem", "a", "training", {}, {}, Person("me@lab", "Me", "member"))
    shared = create_run("sem", "b", "training", {}, {}, Person("you@lab", "You", "member"))
    set_run_shared(shared, True)
    old = create_run("sem", "of an earlier version", "training", {}, {})
    for tag in (Tag.OWNER, Tag.SHARED):
        client().delete_tag(old, tag)
    asked.clear()
    found = find_labels([mine, shared, old, "0" * 32])
    runs_read = [get_run(run_id) for run_id in (mine, shared, old)]
    assert found == {run.run_id: RunLabel(run.name, run.ownership) for run in runs_read}
    assert len([query for query in asked if "FROM tags" in query and " IN (" in query]) == 1
    rename_run(mine, "renamed")
    assert find_labels([mine])[mine].name == "renamed"
    assert find_labels([]) == {}


def test_lists_hold_all_runs_newest_first(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [create_run("sem", str(number), "training", {}, {}) for number in range(5)]
    create_run("floors", "baseline", "evaluation", {}, {})
    monkeypatch.setattr(runs, "_PAGE", 2)
    for way in (True, False):
        monkeypatch.setattr(runs, "has_database", lambda way=way: way)
        found = list_runs("sem", "training")
        assert {run.run_id for run in found} == set(made)
        assert [run.started for run in found] == sorted((run.started for run in found), reverse=True)
        assert len(list_runs()) == 6


def register(name: str, run_id: str, count: int) -> None:
    client().create_registered_model(name)
    for number in range(count):
        client().create_model_version(
            name, f"mlruns/{number}", run_id, tags={"sem.task": "denoising", "n": str(number)}
        )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that SQLite is asked."""
    found: list[str] = []
    connect = sqlite3.connect

    def traced(*args: object, **named: object) -> sqlite3.Connection:
        connection = connect(*args, **named)  # type: ignore[call-overload]
        connection.set_trace_callback(found.append)
        return connection

    monkeypatch.setattr("pipelines.tracking.database.sqlite3.connect", traced)
    return found


def test_both_ways_return_the_same_versions(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = create_run("sem", "a", "training", {}, {})
    for name in ("steel", "it's iron"):
        register(name, run_id, 3)
    for alias, version in (("old", "1"), ("champion", "3"), ("best", "3")):
        client().set_registered_model_alias("steel", alias, version)
    client().delete_model_version("steel", "2")
    client().set_model_version_tag("steel", "1", "sem.licence", "CC BY 4.0")
    direct = list_versions()
    monkeypatch.setattr(runs, "has_database", lambda: False)
    monkeypatch.setattr(versions, "_PAGE", 2)
    assert list_versions() == direct
    assert [(one.name, one.version, one.aliases) for one in direct] == [
        ("it's iron", "3", ()), ("it's iron", "2", ()), ("it's iron", "1", ()),
        ("steel", "3", ("best", "champion")), ("steel", "1", ("old",)),
    ]  # fmt: skip
    assert direct[-1].tags == {"sem.task": "denoising", "n": "0", "sem.licence": "CC BY 4.0"}
    assert {one.run_id for one in direct} == {run_id}


def test_a_thousand_versions_are_read_as_one(sem_home: Path, asked: list[str]) -> None:
    register("steel", create_run("sem", "a", "training", {}, {}), 1)
    list_versions()
    few = [query for query in asked if "SELECT" in query and "model" in query]
    with engine().begin() as connection:
        names = [{"name": f"m{index:03d}"} for index in range(200)]
        connection.execute(text("INSERT INTO registered_models (name, workspace) VALUES (:name, 'default')"), names)
        rows = [{"name": f"m{i // 5:03d}", "version": 1 + i % 5} for i in range(1000)]
        connection.execute(text(
            "INSERT INTO model_versions (name, workspace, version, current_stage, creation_time) "
            "VALUES (:name, 'default', :version, 'None', 1)"
        ), rows)  # fmt: skip
    asked.clear()
    assert len(list_versions()) == 1001
    assert [query for query in asked if "SELECT" in query] == few
    assert len(few) == 3
