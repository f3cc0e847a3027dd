"""Sharing on the pages of a lab: what stays open changes nothing by itself, whatever others have done meanwhile."""

import shutil
from pathlib import Path

import pytest

from pipelines.jobs.sharing import share_dataset, share_run
from pipelines.people.audit import read_audit
from pipelines.people.dataset_owner import dataset_ownership, own_dataset
from pipelines.tracking.runs import create_run, get_run, set_status
from tests.support.lab import ADA, ALICE, BOB, write_lab
from tests.support.lab_pages import visit

CHOICE = "shared-datasets"


@pytest.fixture
def lab(sem_home: Path) -> Path:
    write_lab(sem_home)
    return sem_home


@pytest.fixture
def hers(lab: Path) -> str:
    run_id = create_run("sem", "hers", "training", {}, {"sem.task": "denoising", "sem.recipe": "vdsr-x4"}, by=ALICE)
    set_status(run_id, "FINISHED")
    return run_id


def deeds(thing: str) -> list[tuple[str, str]]:
    """Who shared a thing or stopped sharing it, in order."""
    wanted = ("share", "stop sharing")
    return [(deed.name, deed.deed) for deed in read_audit() if deed.deed in wanted and thing in deed.thing]


def test_the_toggle_of_a_run_shares_it(hers: str) -> None:
    app = visit("runs", ALICE, run=hers)
    app.toggle(key=f"share-{hers}").set_value(True).run()
    assert get_run(hers).ownership.shared
    app.toggle(key=f"share-{hers}").set_value(False).run()
    assert not get_run(hers).ownership.shared
    assert deeds(hers) == [("Alice", "share"), ("Alice", "stop sharing")]


@pytest.mark.parametrize("shared", [True, False])
def test_an_open_page_of_a_run_shows_what_was_done_elsewhere_and_does_not_undo_it(hers: str, shared: bool) -> None:
    app = visit("runs", ALICE, run=hers)
    app.toggle(key=f"share-{hers}").set_value(not shared).run()
    share_run(hers, shared, ADA)
    app.run()
    assert get_run(hers).ownership.shared == shared
    assert app.toggle(key=f"share-{hers}").value == shared
    assert deeds(hers)[-1][0] == "Ada"


def test_the_list_of_datasets_shares_what_is_chosen(lab: Path, small_dataset: object) -> None:
    own_dataset("small", ALICE)
    app = visit("data", ALICE)
    app.multiselect(key=CHOICE).set_value(["small"]).run()
    assert dataset_ownership("small").shared
    app.multiselect(key=CHOICE).set_value([]).run()
    assert not dataset_ownership("small").shared
    assert deeds("small") == [("Alice", "share"), ("Alice", "stop sharing")]


@pytest.mark.parametrize("shared", [True, False])
def test_an_open_page_of_datasets_does_not_undo_what_was_done_elsewhere(
    shared: bool, lab: Path, small_dataset: object
) -> None:
    own_dataset("small", ALICE)
    share_dataset("small", not shared, ALICE)
    app = visit("data", ADA)
    share_dataset("small", shared, ALICE)
    app.run()
    assert dataset_ownership("small").shared == shared
    assert app.multiselect(key=CHOICE).value == (["small"] if shared else [])
    assert {name for name, _ in deeds("small")} == {"Alice"}


def test_a_change_of_one_dataset_leaves_what_another_person_changed_meanwhile(lab: Path, small_dataset: object) -> None:
    shutil.copytree(lab / "datasets" / "small", lab / "datasets" / "other")
    for name in ("small", "other"):
        own_dataset(name, ALICE)
    app = visit("data", ADA)
    share_dataset("small", True, ALICE)
    app.multiselect(key=CHOICE).set_value(["other"]).run()
    assert dataset_ownership("small").shared
    assert dataset_ownership("other").shared
    assert deeds("small") == [("Alice", "share")]
    assert deeds("other") == [("Ada", "share")]


def test_a_dataset_from_before_the_lab_is_not_offered_but_named(lab: Path, small_dataset: object) -> None:
    for person in (ADA, BOB):
        app = visit("data", person)
        assert not app.multiselect
        assert "so that everybody sees them: small." in " ".join(text.value for text in app.caption)


def test_what_belongs_to_somebody_else_meanwhile_is_refused_in_words(
    lab: Path, hers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit("runs", ALICE, run=hers)
    write_lab(lab, settings='default_role = "viewer"\n[roles]\nstaff = "admin"\n')
    app.toggle(key=f"share-{hers}").set_value(True).run()
    assert "the role member is needed" in app.error[0].value
    assert not app.exception
    assert not get_run(hers).ownership.shared
