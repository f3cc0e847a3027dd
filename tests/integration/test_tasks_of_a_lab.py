"""The tasks of each person, however many others have started since, each read from the disk once it has ended.

Each has an end, also where nothing could be started.
"""

import json
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from pipelines.home import TaskFile, home
from pipelines.jobs import run_task, tasks
from pipelines.jobs.executor import LocalExecutor
from pipelines.jobs.liveness import this_process
from pipelines.jobs.started import to_json
from pipelines.jobs.tasks import cancel_task, list_tasks, start_task, task_state
from pipelines.people.person import Person
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.runs import create_run
from sem_models.errors import UserError
from tests.support.lab import ALICE, write_lab

ADA, BOB = (Person(f"{name}@lab", name, "member") for name in ("ada", "bob"))


def ended_task(number: int, owner: Person, status: int = 0) -> str:
    task_id = f"20260101-{number:06}-predict-abcdef"
    folder = home().tasks / task_id
    folder.mkdir(parents=True)
    asked = {"use_case": "predict", "request": {"model": "starter:denoise"}, "started": 1e9 + number}
    (folder / TaskFile.REQUEST).write_text(json.dumps({**asked, "person": owner.to_json()}))
    (folder / TaskFile.ENDED).write_text(json.dumps({"status": status, "result": {"n": number}}))
    return task_id


def test_nobody_loses_their_tasks_among_those_of_others(sem_home: Path) -> None:
    mine = ended_task(0, ADA)
    theirs = [ended_task(number, BOB) for number in range(1, 41)]
    assert [task.task_id for task in list_tasks(ADA)] == [mine]
    assert [task.task_id for task in list_tasks(BOB)] == theirs[::-1]
    assert len(list_tasks()) == 41


def test_what_has_ended_is_read_once_unless_it_changes(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = ended_task(1, ADA), ended_task(2, ADA)
    list_tasks()
    read: list[str] = []
    first = tasks._read
    monkeypatch.setattr(tasks, "_read", lambda path: read.append(path.parent.name) or first(path))
    assert [task.result for task in list_tasks()] == [{"n": 2}, {"n": 1}]
    assert read == []
    (home().tasks / one / TaskFile.ENDED).write_text(json.dumps({"status": 1}))
    assert task_state(one).status == "failed"
    assert task_state(other).status == "done"
    assert set(read) == {one}


def refuse(*_: object) -> None:
    raise UserError("SLURM did not take the job: the queue is full")


def registering(run_id: str) -> str:
    return start_task(RegisterRequest(run=run_id, name="m"), ALICE)


def test_a_task_that_could_not_be_started_has_failed_and_takes_no_place(
    sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lab(sem_home, "[quotas.member]\ntasks = 1\n")
    run_id = create_run("sem", "r", "training", {}, {}, by=ALICE)
    with monkeypatch.context() as full:
        full.setattr(LocalExecutor, "launch", refuse)
        with pytest.raises(UserError, match="queue is full"):
            registering(run_id)
    (failed,) = list_tasks(ALICE)
    assert (failed.status, str(failed.error)) == ("failed", "SLURM did not take the job: the queue is full")
    cancel_task(failed.task_id, ALICE)
    assert task_state(failed.task_id).status == "failed"
    monkeypatch.setattr(LocalExecutor, "launch", lambda *_: this_process())
    assert task_state(registering(run_id)).is_live


def unstarted_task(seconds_ago: float) -> str:
    """A task whose dashboard was killed before it had started the process."""
    task_id = f"20260101-000000-register-{seconds_ago:06.0f}"
    folder = home().tasks / task_id
    folder.mkdir(parents=True)
    asked = {"use_case": "register", "request": {}, "started": time.time() - seconds_ago, "person": ADA.to_json()}
    (folder / TaskFile.REQUEST).write_text(json.dumps(asked))
    return task_id


def test_a_task_without_a_process_is_believed_to_begin_for_a_while_only(sem_home: Path) -> None:
    assert task_state(unstarted_task(5)).status == "running"
    late = task_state(unstarted_task(600))
    assert late.status == "failed"
    assert "Start it again" in str(late.error)


@pytest.mark.parametrize("seconds_ago", [5, 600])
def test_a_task_without_a_process_can_be_cancelled(seconds_ago: int, sem_home: Path) -> None:
    task_id = unstarted_task(seconds_ago)
    cancel_task(task_id, ADA)
    assert task_state(task_id).status == "cancelled"


def test_a_process_that_comes_after_the_cancel_leaves_the_task_alone(
    sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_task.signal, "signal", lambda *_: None)
    task_id = unstarted_task(5)
    cancel_task(task_id, ADA)
    run_task.main([str(home().tasks / task_id)])
    assert task_state(task_id).status == "cancelled"


def test_a_process_says_who_it_is_where_its_starter_was_killed(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it could not be cancelled, and would count as dead while it works."""
    monkeypatch.setattr(run_task.signal, "signal", lambda *_: None)
    monkeypatch.setattr(run_task, "_carry_out", lambda _: None)
    task_id = unstarted_task(600)
    seen: list[object] = []

    def wait(process: BaseProcess, _: threading.Event) -> int:
        found = json.loads((home().tasks / task_id / TaskFile.PROCESS).read_text())
        seen.extend((found, task_state(task_id).status))
        process.join()
        return 0

    monkeypatch.setattr(run_task, "_wait", wait)
    run_task.main([str(home().tasks / task_id)])
    assert [*seen, task_state(task_id).status] == [to_json(this_process()), "running", "done"]
