"""Two people describe one run: neither erases what the other has written since the page was opened."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.people.audit import read_audit
from pipelines.tracking.annotations import labels_of, note_of, write_note
from pipelines.tracking.runs import create_run, get_run, set_run_shared, set_status
from tests.support.lab import ADA, ALICE, BOB, write_lab
from tests.support.lab_pages import visit

OBSERVED = "An hour of observations by Alice"


@pytest.fixture
def hers(sem_home: Path) -> str:
    write_lab(sem_home)
    run_id = create_run("sem", "hers", "training", {}, {"sem.task": "denoising", "sem.recipe": "vdsr-x4"}, by=ALICE)
    set_status(run_id, "FINISHED")
    return run_id


def save(app: AppTest) -> AppTest:
    return next(button for button in app.button if button.label == "Save").click().run()


def described() -> list[str]:
    return [deed.name for deed in read_audit() if deed.deed == "describe"]


def test_a_label_leaves_a_note_that_somebody_else_has_written_meanwhile(hers: str) -> None:
    app = visit("runs", ADA, run=hers)
    write_note(hers, OBSERVED)
    app.text_input(key=f"labels-{hers}").set_value("good,best")
    save(app)
    assert not app.error
    assert (note_of(get_run(hers)), labels_of(get_run(hers))) == (OBSERVED, ("good", "best"))
    assert app.text_area(key=f"note-{hers}").value == OBSERVED, "the form begins anew with what is stored"
    assert app.text_input(key=f"labels-{hers}").value == "good, best"
    assert described() == ["Ada"]


def test_a_note_is_replaced_only_by_whoever_has_seen_it(hers: str) -> None:
    app = visit("runs", ADA, run=hers)
    write_note(hers, OBSERVED)
    app.text_area(key=f"note-{hers}").set_value("Drift")
    app.text_input(key=f"labels-{hers}").set_value("good")
    save(app)
    assert "Somebody else has changed the note" in app.error[0].value
    assert OBSERVED in app.error[0].value
    assert (note_of(get_run(hers)), labels_of(get_run(hers)), described()) == (OBSERVED, (), [])
    assert app.text_area(key=f"note-{hers}").value == "Drift"
    save(app)
    assert not app.error
    assert (note_of(get_run(hers)), labels_of(get_run(hers))) == ("Drift", ("good",))


def test_a_note_that_is_refused_keeps_the_old_name_too(hers: str) -> None:
    app = visit("runs", ALICE, run=hers)
    app.text_input(key=f"name-{hers}").set_value("another name")
    app.text_area(key=f"note-{hers}").set_value("x" * 9000)
    save(app)
    assert "at most 8,000 letters" in app.error[0].value
    assert get_run(hers).name == "hers"
    assert described() == []


def test_saving_what_was_not_changed_leaves_no_line_in_the_log(hers: str) -> None:
    save(visit("runs", ALICE, run=hers))
    assert described() == []
    assert note_of(get_run(hers)) == ""


def test_the_form_is_filled_again_after_another_page(hers: str) -> None:
    app = visit("runs", ALICE, run=hers)
    app.switch_page("study/page.py").run()
    app.query_params["run"] = hers
    app.switch_page("runs/page.py").run()
    assert app.text_input(key=f"name-{hers}").value == "hers"


def test_whoever_only_sees_a_run_does_not_describe_it(hers: str) -> None:
    set_run_shared(hers, True)
    app = visit("runs", BOB, run=hers)
    app.text_input(key=f"labels-{hers}").set_value("mine")
    save(app)
    assert "belongs to somebody else" in app.error[0].value
    assert labels_of(get_run(hers)) == ()
