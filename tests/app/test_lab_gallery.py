"""Pictures of test images in a lab: a shared run shows its scores, and only a shared dataset its images."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.evaluate.compare import compare
from pipelines.evaluate.gallery import make_gallery
from pipelines.evaluate.requests import CompareRequest, EvaluateRequest, GalleryRequest
from pipelines.evaluate.score import evaluate
from pipelines.home import home
from pipelines.model_ref import BaselineRef, ModelRef
from pipelines.models import ResolvedModel, resolve_model
from pipelines.people.acting import act_for
from pipelines.people.dataset_owner import own_dataset, set_dataset_shared
from pipelines.people.person import Person
from pipelines.tracking.runs import create_run, set_run_shared, set_status
from sem_models.datasets.dataset import MANIFEST, Dataset
from sem_models.errors import UserError
from tests.support.lab import ADA, ALICE, BOB, write_lab
from tests.support.lab_pages import texts, visit


@pytest.fixture
def hers(sem_home: Path, small_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> str:
    """A shared run of Alice, scored on a dataset that is hers alone; its model is a baseline."""
    write_lab(sem_home)
    own_dataset("small", ALICE)
    tags = {"sem.dataset": "small", "sem.dataset_digest": small_dataset.digest, "sem.task": "super-resolution"}
    run_id = create_run("sem", "hers", "training", {}, tags, by=ALICE)
    set_run_shared(run_id, True)
    set_status(run_id, "FINISHED")

    def stand_in(_dataset: Dataset, ref: ModelRef, *_: object) -> ResolvedModel:
        return replace(resolve_model(BaselineRef("bicubic")), run_id=str(ref))

    monkeypatch.setattr("pipelines.evaluate.score.resolve_for", stand_in)
    monkeypatch.setattr("pipelines.evaluate.gallery.resolve_for", stand_in)
    act_for(ALICE)
    evaluate(EvaluateRequest(model=run_id, dataset="small"))
    return run_id


@pytest.fixture
def image(hers: str) -> str:
    return compare(CompareRequest(run_ids=(hers,))).columns[0].report.rows[0].image


def are_made_for(person: Person, run_id: str, image: str) -> bool:
    act_for(person)
    try:
        return all(picture.is_there for picture in make_gallery(GalleryRequest(run_ids=(run_id,), image=image)))
    except UserError as error:
        assert "which is not shared with you" in str(error)
        return False


def test_pictures_are_computed_for_whom_the_dataset_is_shown(hers: str, image: str) -> None:
    assert not are_made_for(BOB, hers, image)
    assert not home().gallery.exists()
    assert are_made_for(ADA, hers, image)
    assert not are_made_for(BOB, hers, image), "nor are they given, now that they are there"
    set_dataset_shared("small", True)
    assert are_made_for(BOB, hers, image)


def shown_to(person: Person, run_id: str, image: str, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as dashboard:
        dashboard.setattr("pipelines.people.acting._Process.person", None)
        dashboard.setattr("pipelines.people.acting._Process.works_for_many", False)
        app = visit("compare", person, runs=run_id, image=image)
    assert not app.exception
    assert "PSNR" in texts(app), "scores are shown in any case"
    return texts(app)


def test_pictures_that_are_there_are_shown_only_with_the_dataset(
    hers: str, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert are_made_for(ALICE, hers, image)
    viewer = "Figure for a paper"
    assert viewer in shown_to(ALICE, hers, image, monkeypatch)
    without = shown_to(BOB, hers, image, monkeypatch)
    assert viewer not in without
    assert "which is not shared with you; its owner can share it on the Data page" in without
    set_dataset_shared("small", True)
    assert viewer in shown_to(BOB, hers, image, monkeypatch)


def test_pictures_of_a_dataset_that_is_gone_are_shown_to_nobody_but_admins(
    hers: str, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose it was went with it, and another one may have its name by now."""
    assert are_made_for(ALICE, hers, image)
    (home().datasets / "small" / MANIFEST).unlink()
    (home().datasets / "small" / "owner.json").unlink()
    assert "is no longer as it was when these runs were scored" in shown_to(BOB, hers, image, monkeypatch)
    assert "Figure for a paper" in shown_to(ADA, hers, image, monkeypatch)
