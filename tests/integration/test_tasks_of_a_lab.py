"""The tasks of each person, however many others have started since, each read from the disk once it has ended."""

import json
from pathlib import Path

import pytest

from pipelines.home import TaskFile, home
from pipelines.jobs import tasks
from pipelines.jobs.tasks import list_tasks, task_state
from pipelines.people.person import Person

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
