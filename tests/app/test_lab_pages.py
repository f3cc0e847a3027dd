"""The pages of a lab: who sees what, and what is refused; at a desk, nothing is asked (all other tests of pages)."""

import json
import time
from pathlib import Path

import pytest

from pipelines.home import TaskFile, home
from pipelines.jobs import queue
from pipelines.jobs.recent import recent_work
from pipelines.people.audit import read_audit
from pipelines.people.person import Person
from pipelines.tracking.annotations import is_archived
from pipelines.tracking.runs import create_run, get_run, set_run_shared, set_status
from sem_models.errors import Message
from tests.support.lab import ADA, ALICE, BOB, VERA, claims_of, write_lab
from tests.support.lab_pages import texts, visit
from tests.support.pages import page


@pytest.fixture
def lab(sem_home: Path) -> Path:
    write_lab(sem_home, f'[roots]\nmember = ["{sem_home}/raw"]\n')
    return sem_home


def test_nothing_is_shown_before_the_sign_in(lab: Path) -> None:
    queue.enqueue(create_run("sem", "secret recipe", "training", {}, {}, by=ALICE))
    app = visit("runs", None)
    assert [button.label for button in app.button] == ["Sign in"]
    assert not app.sidebar.children
    assert "secret" not in texts(app)


@pytest.mark.parametrize(
    ("claims", "said", "button"),
    [
        (claims_of(ALICE, age_s=13 * 3600), "", "Sign in"),
        (claims_of(VERA, iss=""), "does not send the claim 'iss'", "Sign out"),
    ],
)
def test_old_sign_ins_and_strangers_are_turned_away(
    claims: dict[str, object], said: str, button: str, lab: Path
) -> None:
    app = visit("home", ALICE, claims)
    assert [one.label for one in app.button] == [button]
    assert said in "".join(box.value for box in app.error)


def test_signing_out_ends_the_sign_in_in_all_tabs(lab: Path) -> None:
    claims = claims_of(ALICE)
    one, other = visit("home", ALICE, dict(claims)), visit("home", ALICE, dict(claims))
    one.sidebar.button(key="sign-out").click().run()
    assert [button.label for button in other.run().button] == ["Sign in"]
    assert not other.sidebar.children
    assert visit("home", ALICE, claims_of(ALICE)).sidebar.button(key="sign-out"), "who signs in again is let in"


def test_somebody_without_a_role_stands_in_the_log_once_in_a_session(sem_home: Path) -> None:
    write_lab(sem_home, settings='[roles]\nstaff = "admin"\n')
    app = visit("home", ALICE, claims_of(ALICE))
    app.run()
    assert "may not use this workbench" in app.error[0].value
    (line,) = read_audit()
    assert (line.person, line.role, line.deed) == (ALICE.id, "", "refused")
    assert line.thing.startswith("enter: ")


def test_sign_in_without_settings_of_the_lab_is_no_desk(sem_home: Path) -> None:
    app = visit("home", None)
    assert "settings of the lab" in app.error[0].value
    assert not app.sidebar.children


def test_members_see_their_own_runs_those_that_are_shared_and_no_others(lab: Path) -> None:
    hers = create_run("sem", "hers", "training", {"train.steps": 3}, {"sem.task": "denoising"}, by=ALICE)
    shared = create_run("sem", "shared one", "training", {}, {"sem.task": "denoising"}, by=ALICE)
    set_run_shared(shared, True)
    for run_id in (hers, shared):
        set_status(run_id, "FINISHED")

    def listed(person: Person) -> set[str]:
        return set(visit("runs", person).dataframe[0].value["name"])

    assert listed(ALICE) == listed(ADA) == {"hers", "shared one"}
    assert listed(BOB) == listed(VERA) == {"shared one"}
    app = visit("runs", BOB, run=hers)
    assert "This run belongs to somebody else" in app.error[0].value
    assert "hers" not in texts(app).replace("others", "")


def test_a_mistyped_id_does_not_tell_what_others_have(lab: Path) -> None:
    hers = create_run("sem", "secret recipe", "training", {}, {}, by=ALICE)
    shared = create_run("sem", "shared one", "training", {}, {}, by=ALICE)
    set_run_shared(shared, True)
    for person, text in ((BOB, hers[:6]), (VERA, "secret recipe")):
        app = visit("runs", person, run=text)
        assert "There is no run" in app.error[0].value
        assert "secret recipe (" not in texts(app) and f"{hers} (" not in texts(app)
    assert shared in visit("runs", BOB, run=shared[:6]).error[0].value


def test_a_viewer_is_told_before_the_last_click_what_needs_another_role(lab: Path) -> None:
    for name in ("data", "train", "inference"):
        told = ["role member" in box.value for box in visit(name, VERA).info]
        assert any(told), name
        assert not any("role member" in box.value for box in visit(name, ALICE).info), name
    assert not visit("runs", VERA).exception


def test_a_viewer_is_offered_nothing_that_is_kept_among_the_uploads(lab: Path) -> None:
    simulated = "Try a simulated micrograph"
    assert simulated not in [button.label for button in visit("home", VERA).button]
    assert simulated in [button.label for button in visit("home", ALICE).button]


def test_only_the_place_in_the_queue_of_somebody_elses_training_is_shown(lab: Path) -> None:
    run_id = create_run("sem", "secret recipe", "training", {}, {}, by=ALICE)
    queue.enqueue(run_id)
    app = visit("study", BOB)
    assert "A training of somebody else: position 1 in the queue" in [text.value for text in app.sidebar.caption]
    assert run_id[:8] not in texts(app)
    assert not [button for button in app.button if "cancel" in (button.key or "")]
    app = visit("study", ALICE)
    app.sidebar.button(key=f"tray-cancel-{run_id}").click().run()
    assert [(deed.person, deed.deed) for deed in read_audit() if run_id in deed.thing] == [
        (ALICE.id, "make training"), (ALICE.id, "cancel"),
    ]  # fmt: skip
    assert recent_work(ADA).of_others == []


def test_who_archives_and_describes_a_run_stands_in_the_log(lab: Path) -> None:
    run_id = create_run("sem", "hers", "training", {}, {"sem.task": "denoising", "sem.recipe": "vdsr-x4"}, by=ALICE)
    set_status(run_id, "FINISHED")
    app = visit("runs", ADA, run=run_id)
    app.button(key=f"archive-{run_id}").click().run()
    assert [(deed.person, deed.deed) for deed in read_audit() if run_id in deed.thing][-1] == (ADA.id, "archive")
    assert is_archived(get_run(run_id))


def test_the_password_of_the_store_is_nowhere_on_home(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = "https://sem:hunter2secret@tracking.lab/"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)

    class StoreError(Exception):
        """As MLflow raises them, with the address."""

    StoreError.__module__ = "mlflow.exceptions"

    def unreachable() -> list[str]:
        raise StoreError(f"API request to {uri}api/2.0/runs failed: no answer for hunter2secret")

    monkeypatch.setattr("pages.widgets.frame.find_the_dead", unreachable)
    shown = texts(page("home"))
    assert "https://tracking.lab/" in shown
    assert "did not answer: API request to https://tracking.lab/api" in shown
    assert "hunter2" not in shown


def test_folders_outside_the_roots_are_refused_on_the_page(lab: Path, raw_images: Path) -> None:
    app = visit("data", ALICE)
    app.text_input(key="name").set_value("x")
    app.text_input(key="raw-folder").set_value("/etc").run()
    assert "not in a folder of the server that you may use" in app.error[0].value
    assert app.button[0].disabled
    app.text_input(key="raw-folder").set_value(str(raw_images)).run()
    assert not app.error
    app.button[0].click().run()
    assert "plan" in app.session_state


def test_a_root_that_is_taken_away_or_of_another_role_counts_at_once(lab: Path, raw_images: Path) -> None:
    app = visit("data", ALICE)
    app.text_input(key="raw-folder").set_value(str(raw_images)).run()
    assert not app.error
    for changed in (f'[roots]\nadmin = ["{raw_images}"]\n', f'[roots]\nmember = ["{lab}/elsewhere"]\n'):
        write_lab(lab, changed)
        assert "not in a folder of the server that you may use" in app.run().error[0].value
    write_lab(lab, f'[roots]\nadmin = ["{raw_images}"]\n', settings='[roles]\nmicroscopists = "admin"\n')
    assert not app.run().error


def test_the_address_of_a_task_is_of_no_use_to_somebody_else(lab: Path) -> None:
    folder = home().tasks / f"{time.strftime('%Y%m%d-%H%M%S')}-prepare-abc"
    folder.mkdir(parents=True)
    task = {"use_case": "prepare", "request": {}, "started": time.time(), "person": ALICE.to_json()}
    (folder / TaskFile.REQUEST).write_text(json.dumps(task))
    ended = {"status": 1, "error": Message("secret file").to_json()}
    (folder / TaskFile.ENDED).write_text(json.dumps(ended))
    assert "secret file" in texts(visit("data", ALICE, prepare=folder.name))
    app = visit("data", BOB, prepare=folder.name)
    assert "This task belongs to somebody else" in app.error[0].value
    assert "secret file" not in texts(app)
