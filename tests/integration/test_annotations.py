"""What people add to runs, as MLflow itself holds it."""

from pathlib import Path

import pytest

from pipelines.tracking.address import mlflow_page
from pipelines.tracking.annotations import (
    archive,
    is_archived,
    labels_of,
    note_of,
    rename_run,
    set_labels,
    write_note,
)
from pipelines.tracking.runs import create_run, get_run
from pipelines.tracking.store import client
from sem_models.errors import UserError


def test_names_labels_and_notes_are_where_mlflow_looks_for_them(sem_home: Path) -> None:
    run_id = create_run("sem", "first", "training", {}, {})
    rename_run(run_id, "  steel,  third try ")
    set_labels(run_id, ["for the paper", " best ", "", "best"])
    write_note(run_id, "Stage drifted.\n")
    archive([run_id])
    run, stored = get_run(run_id), client().get_run(run_id)
    assert run.name == stored.info.run_name == "steel, third try"
    assert labels_of(run) == ("for the paper", "best")
    assert note_of(run) == stored.data.tags["mlflow.note.content"] == "Stage drifted."
    assert is_archived(run)
    archive([run_id], archived=False)
    assert not is_archived(get_run(run_id))
    for name in ("", "   ", "x" * 251):
        with pytest.raises(UserError, match="name"):
            rename_run(run_id, name)
    assert get_run(run_id).name == "steel, third try"
    with pytest.raises(UserError, match="no run"):
        rename_run("f" * 32, "x")


def test_the_address_of_a_run_in_mlflow(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = get_run(create_run("sem", "first", "training", {}, {}))
    assert run.experiment_id == client().get_run(run.run_id).info.experiment_id
    assert mlflow_page(run.experiment_id, run.run_id) is None, "nobody has said where an embedded store is served"
    monkeypatch.setenv("SEM_MLFLOW_PAGES", "http://localhost:5000/")
    expected = (
        f"http://localhost:5000/#/experiments/{run.experiment_id}/runs/{run.run_id}?workflowType=machine_learning"
    )
    assert mlflow_page(run.experiment_id, run.run_id) == expected
    monkeypatch.delenv("SEM_MLFLOW_PAGES")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://lab.example/mlflow")
    assert mlflow_page("1", "a") == "https://lab.example/mlflow/#/experiments/1/runs/a?workflowType=machine_learning"


def test_what_is_too_long_is_refused_and_not_cut_off(sem_home: Path) -> None:
    run_id = create_run("sem", "r", "training", {}, {})
    write_note(run_id, "é" * 8000)
    with pytest.raises(UserError, match="at most 8,000 letters, and this one has 8,001"):
        write_note(run_id, "é" * 8001)
    assert note_of(get_run(run_id)) == "é" * 8000
    with pytest.raises(UserError, match="leave some out"):
        set_labels(run_id, [f"label-{number}" for number in range(1000)])


def test_characters_that_a_database_may_refuse_are_left_out(sem_home: Path) -> None:
    run_id = create_run("sem", "r", "training", {}, {})
    rename_run(run_id, "ste\0el\x1b[31m")
    set_labels(run_id, ["a\0b"])
    write_note(run_id, "one\n\ttwo\0")
    run = get_run(run_id)
    assert (run.name, labels_of(run), note_of(run)) == ("steel[31m", ("ab",), "one\n\ttwo")
