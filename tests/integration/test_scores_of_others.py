"""Scores of a shared model by somebody who may see it and not change it: found again, and apart from its run."""

import contextlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.evaluate.candidates import candidates
from pipelines.evaluate.compare import compare
from pipelines.evaluate.keeper import find_keeper, keeper_of, keepers_of
from pipelines.evaluate.reports import readable_evaluations
from pipelines.evaluate.requests import CompareRequest, EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.model_ref import BaselineRef, ModelRef
from pipelines.models import ResolvedModel, resolve_model
from pipelines.people.acting import act_for
from pipelines.people.permissions import Ownership
from pipelines.people.person import Person
from pipelines.tracking.artifacts import list_files
from pipelines.tracking.runs import RunInfo, create_run, get_run, list_runs, set_run_shared, set_status, set_tags
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from tests.support.lab import ADA, ALICE, BOB


@pytest.fixture
def hers(sem_home: Path, small_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> str:
    """A shared run of Alice, whose model is a baseline."""
    tags = {"sem.dataset": "small", "sem.dataset_digest": small_dataset.digest, "sem.task": "super-resolution"}
    run_id = create_run("sem", "hers", "training", {}, tags, by=ALICE)
    set_run_shared(run_id, True)
    set_status(run_id, "FINISHED")

    def stand_in(_dataset: Dataset, ref: ModelRef, *_: object) -> ResolvedModel:
        return replace(resolve_model(BaselineRef("bicubic")), run_id=str(ref))

    monkeypatch.setattr("pipelines.evaluate.score.resolve_for", stand_in)
    return run_id


def test_scoring_the_run_of_somebody_else_leaves_it_as_it_is(hers: str) -> None:
    before = get_run(hers)
    act_for(BOB)
    report, kept = evaluate(EvaluateRequest(model=hers, dataset="small"))
    assert kept != hers
    assert (get_run(hers), list_files(hers, "evaluation")) == (before, [])
    assert get_run(kept).ownership == Ownership(BOB.id)
    assert readable_evaluations(kept).reports == (report,)
    assert evaluate(EvaluateRequest(model=hers, dataset="small"))[1] == kept, "one place for one person and model"
    (column,) = compare(CompareRequest(run_ids=(kept,))).columns
    assert column.run.name == "hers, scored by Bob"


@pytest.mark.parametrize("person", [ALICE, ADA])
def test_owner_and_admins_score_the_run_itself(person: object, hers: str) -> None:
    act_for(person)  # type: ignore[arg-type]
    assert evaluate(EvaluateRequest(model=hers, dataset="small"))[1] == hers
    assert get_run(hers).tags["sem.evaluated.test"] == "small"


def test_what_one_person_finds_out_is_not_in_the_place_of_another(hers: str) -> None:
    act_for(BOB)
    assert find_keeper(hers, BOB) is None
    kept = keeper_of(hers)
    found = find_keeper(hers, BOB)
    assert found is not None
    assert found.run_id == kept
    assert find_keeper(hers, ALICE) is None


def test_two_evaluations_at_once_have_one_place(hers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both would have looked for it before either had made it."""
    act_for(BOB)
    looking = threading.Barrier(2)

    def together(run_id: str, by: Person) -> RunInfo | None:
        found = find_keeper(run_id, by)
        with contextlib.suppress(threading.BrokenBarrierError):
            looking.wait(0.5)
        return found

    monkeypatch.setattr("pipelines.evaluate.keeper.find_keeper", together)
    kept: list[str] = []
    threads = [threading.Thread(target=lambda: kept.append(keeper_of(hers))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = find_keeper(hers, BOB)
    assert found is not None
    assert kept == [found.run_id] * 2


def test_own_scores_of_the_runs_of_others_can_be_compared(hers: str) -> None:
    act_for(BOB)
    report = evaluate(EvaluateRequest(model=hers, dataset="small"))[0]
    (column,) = compare(CompareRequest(run_ids=(hers,))).columns
    assert (column.run.run_id, column.report) == (hers, report)
    with pytest.raises(UserError, match="None of these runs has been evaluated"):
        compare(CompareRequest(run_ids=(hers,)), ALICE)
    runs = list_runs()
    trainings = [run for run in runs if run.is_training]
    (offered,) = candidates(trainings, keepers_of(BOB, runs))
    assert (offered.dataset, [run.run_id for run in offered.runs]) == ("small", [hers])
    assert candidates(trainings, keepers_of(ALICE, runs)) == []
    set_tags(hers, {"sem.evaluated.test": "other"})
    both = candidates([get_run(hers)], keepers_of(BOB, runs))
    assert [group.dataset for group in both] == ["other", "small"]
