"""The tray in a lab: everybody is told of the end of their own work, whoever else has looked at it."""

import json
import os
import time
from pathlib import Path

import pytest

from pipelines.home import TaskFile, home
from pipelines.jobs import queue
from pipelines.jobs.liveness import HOST, this_process
from pipelines.jobs.recent import recent_work
from pipelines.jobs.seen import is_seen, mark_seen
from pipelines.people.person import Person
from pipelines.tracking.runs import create_run, set_run_shared, set_status
from tests.support.lab import ADA, ALICE, BOB, VERA, write_lab
from tests.support.lab_pages import texts, visit


@pytest.fixture
def lab(sem_home: Path) -> Path:
    write_lab(sem_home)
    return sem_home


def training(by: Person, name: str = "a recipe") -> str:
    """A shared training in the queue."""
    run_id = create_run("sem", name, "training", {}, {"sem.task": "denoising", "sem.recipe": "vdsr-x4"}, by=by)
    set_run_shared(run_id, True)
    queue.enqueue(run_id)
    return run_id


def task(by: Person, use_case: str, *, live: bool) -> str:
    """A task as its process writes it."""
    task_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{use_case}-{os.urandom(3).hex()}"
    folder = home().tasks / task_id
    folder.mkdir(parents=True)
    asked = {"use_case": use_case, "request": {}, "started": time.time(), "person": by.to_json()}
    (folder / TaskFile.REQUEST).write_text(json.dumps(asked))
    process = {"host": HOST, "pid": os.getpid(), "started": this_process().started}
    (folder / TaskFile.PROCESS).write_text(json.dumps(process))
    if not live:
        (folder / TaskFile.ENDED).write_text(json.dumps({"status": 1, "error": None}))
    return task_id


def own(person: Person) -> list[str]:
    return [work.work_id for work in recent_work(person).own]


def test_whoever_looks_at_a_shared_run_leaves_the_news_to_its_owner(lab: Path) -> None:
    run_id = training(ALICE)
    queue.end(run_id)
    set_status(run_id, "FAILED", "out of memory")
    assert not visit("runs", VERA, run=run_id).error
    assert own(ALICE) == [run_id]
    visit("runs", ALICE, run=run_id)
    assert own(ALICE) == []


def test_an_admin_who_looks_at_a_task_leaves_the_news_to_its_owner(lab: Path) -> None:
    task_id = task(ALICE, "prepare", live=False)
    assert any("failed" in box.value for box in visit("data", ADA, prepare=task_id).error)
    assert (own(ADA), own(ALICE)) == ([], [task_id])
    app = visit("study", ALICE)
    app.sidebar.button(key=f"tray-seen-{task_id}").click().run()
    assert own(ALICE) == []


def test_a_shared_training_of_somebody_else_is_a_place_in_the_queue(lab: Path) -> None:
    run_id = training(ALICE, "recipe of hers")
    for person in (BOB, VERA):
        app = visit("study", person)
        assert "A training of somebody else: position 1 in the queue" in [text.value for text in app.sidebar.caption]
        assert not [button for button in app.sidebar.button if "tray" in (button.key or "")]
        assert "recipe of hers" not in texts(app)
    assert own(ADA) == own(ALICE) == [run_id], "an admin may cancel it"


def test_a_note_of_an_earlier_version_or_of_a_desk_disturbs_nobody(lab: Path) -> None:
    mark_seen("of-a-desk", Person("local", "Desk", "admin"))
    mark_seen("hers", ALICE)
    assert is_seen("hers", ALICE)
    assert not is_seen("hers", BOB)
    assert not is_seen("of-a-desk", ALICE)
    then = time.time() - 8 * 86400
    for note in ("of-a-desk", f"{ALICE.folder}/hers"):
        os.utime(home().seen / note, (then, then))
    mark_seen("his", BOB)
    assert [path.name for path in home().seen.rglob("*") if path.is_file()] == ["his"]


def test_home_takes_up_ones_own_lesson_only(lab: Path) -> None:
    his = task(BOB, "lesson", live=True)
    assert "lesson" not in visit("home", ADA).query_params
    assert visit("home", BOB).query_params["lesson"] == his
