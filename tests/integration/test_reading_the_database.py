"""Runs read straight from the embedded store are those that MLflow returns."""

import math
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import pytest
from mlflow.entities import Metric

from pipelines.tracking import runs
from pipelines.tracking.database import StoredRun, read_run, read_runs
from pipelines.tracking.runs import create_run, get_run, list_runs, set_status
from pipelines.tracking.store import client


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
