"""The tray of background work in the sidebar, on whichever page."""

import json
import os
import time
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from pages.widgets import words
from pages.widgets.tray import PLACES
from pipelines.home import TaskFile, home
from pipelines.jobs import queue
from pipelines.jobs.liveness import HOST, describe
from pipelines.jobs.recent import recent_work
from pipelines.jobs.seen import is_seen, mark_seen
from pipelines.jobs.tasks import list_tasks, take_part, task_state
from pipelines.people.person import local_person
from pipelines.tracking.runs import create_run, set_status
from sem_models.errors import UserError
from tests.support.pages import open_tab, page


def _task(
    use_case: str, request: dict[str, str], pid: int | None = None, ended: dict[str, object] | None = None
) -> str:
    """Write the folder of a task as a process that carries it out would."""
    task_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{use_case}-{os.urandom(3).hex()}"
    folder = home().tasks / task_id
    folder.mkdir(parents=True)
    asked = {"use_case": use_case, "request": request, "started": time.time()}
    (folder / TaskFile.REQUEST).write_text(json.dumps(asked))
    progress = {"done": 3, "total": 12, "what": "images", "seconds_left": 75.0}
    (folder / TaskFile.PROGRESS).write_text(json.dumps(progress))
    if pid:
        process = describe(pid)
        content = {"host": HOST, "pid": pid, "started": process.started}
        (folder / TaskFile.PROCESS).write_text(json.dumps(content))
    if ended is not None:
        (folder / TaskFile.ENDED).write_text(json.dumps(ended))
    return task_id


def _sidebar(app: AppTest) -> list[str]:
    return [element.value for element in (*app.sidebar.markdown, *app.sidebar.caption)]


def test_without_background_work_there_is_no_tray_and_nothing_is_written(sem_home: Path) -> None:
    assert recent_work(local_person()).own == []
    assert "**Background work**" not in _sidebar(page("study"))
    assert not (home().jobs / "queue.db").exists()


def test_every_page_shows_what_runs_and_how_long_it_still_takes(sem_home: Path) -> None:
    _task("prepare", {"name": "axons_2"}, pid=os.getpid())
    queue.enqueue("0123456789abcdef")
    queue.enqueue(create_run("sem", "a net of mine", "training", {}, {}))
    for name in ("data", "compare"):
        app = page(name)
        assert "a net of mine: waiting, position 2 in the queue" in _sidebar(app)
        assert not app.exception
        assert "**Background work**" in _sidebar(app)
        assert "Run 01234567: waiting, position 1 in the queue" in _sidebar(app)
        (progress,) = app.sidebar.get("progress")
        assert progress.proto.text == "Preparing the dataset axons\\_2: 3 of 12 images, about 1 min 15 s left"
        assert progress.proto.value == 25


def test_a_training_inside_a_task_is_one_entry_with_it(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = _task("demo", {}, pid=os.getpid())
    monkeypatch.setenv("SEM_TASK_DIR", str(home().tasks / task_id))
    queue.enqueue("0123456789abcdef")
    take_part("0123456789abcdef")
    monkeypatch.delenv("SEM_TASK_DIR")
    queue.enqueue("fedcba9876543210")
    take_part("fedcba9876543210")
    assert task_state(task_id).runs == ("0123456789abcdef",)
    assert [work.work_id for work in recent_work(local_person()).own] == ["fedcba9876543210", task_id]
    queue.end("0123456789abcdef")
    (home().tasks / task_id / TaskFile.ENDED).write_text(json.dumps({"status": 0, "result": None}))
    assert [work.work_id for work in recent_work(local_person()).own] == ["fedcba9876543210", task_id]
    queue.enqueue("0123456789abcdef")
    works = {work.work_id for work in recent_work(local_person()).own}
    assert works == {"0123456789abcdef", "fedcba9876543210", task_id}, "somebody has resumed it by itself"


def test_a_waiting_training_is_cancelled_from_the_tray(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.enqueue("0123456789abcdef")
    asked: list[str] = []
    monkeypatch.setattr("pipelines.jobs.control.cancel", lambda run_id, by: asked.append(run_id))
    page("data").sidebar.button(key="tray-cancel-0123456789abcdef").click().run()
    assert asked == ["0123456789abcdef"]


def test_what_has_ended_stays_until_somebody_looks_at_it(sem_home: Path) -> None:
    done = _task("prepare", {}, ended={"status": 0, "result": None})
    failed = _task("predict", {"model": "models:/a@champion"}, ended={"status": 1, "error": "no"})
    old = _task("prepare", {}, ended={"status": 0, "result": None})
    request = home().tasks / old / TaskFile.REQUEST
    request.write_text(request.read_text().replace('"started": ', '"started": 1.0, "was": '))
    assert {work.work_id for work in recent_work(local_person()).own} == {done, failed}
    app = page("compare")
    links = {link.proto.label: link.proto.help for link in app.sidebar.get("page_link")}
    assert links == {"Preparing the dataset": "Done", "Applying the model": "Failed"}
    app = page("data", prepare=done)
    assert [link.proto.label for link in app.sidebar.get("page_link")] == ["Applying the model"]
    app.sidebar.button(key=f"tray-seen-{failed}").click().run()
    assert recent_work(local_person()).own == []


def test_a_training_is_announced_until_its_run_is_opened(sem_home: Path) -> None:
    queue.enqueue("0123456789abcdef")
    queue.end("0123456789abcdef")
    assert [work.state for work in recent_work(local_person()).own] == ["ended"]
    mark_seen("0123456789abcdef", local_person())
    assert recent_work(local_person()).own == []
    earlier = time.time() - 60
    os.utime(home().seen / "0123456789abcdef", (earlier, earlier))
    assert [work.state for work in recent_work(local_person()).own] == ["ended"], "resumed after somebody had looked"


def test_old_notes_of_what_was_seen_go(sem_home: Path) -> None:
    mark_seen("a", local_person())
    eight_days_ago = time.time() - 8 * 86400
    os.utime(home().seen / "a", (eight_days_ago, eight_days_ago))
    mark_seen("b", local_person())
    assert is_seen("b", local_person())
    assert not is_seen("a", local_person())


@pytest.mark.parametrize("use_case", PLACES)
def test_the_tray_leads_to_where_the_task_is_shown(use_case: str, sem_home: Path) -> None:
    run_id = create_run("sem", "run", "training", {"method": "adversarial"}, {"sem.recipe": "r", "sem.dataset": "d"})
    set_status(run_id, "FINISHED")
    task_id = _task(use_case, {"model": run_id}, ended={"status": 1, "error": None})
    (link,) = page("compare").sidebar.get("page_link")
    query = dict(parse_qsl(link.proto.query_string))
    app = page(PLACES[use_case].page, **query)
    assert any(box.value.startswith(f"{words.ACTIVITIES[use_case]} failed") for box in app.error)
    assert is_seen(task_id, local_person())
    if PLACES[use_case].page == "runs":
        assert not open_tab(app, run_id, "Settings").error, "who then opens another tab stays there"


@pytest.mark.parametrize("content", ["", "{}", "[]", "no JSON", '{"use_case": "predict", "request": {}}'])
def test_a_damaged_record_hides_nothing_else(sem_home: Path, content: str) -> None:
    _task("prepare", {}, pid=os.getpid())
    damaged = home().tasks / "20990101-000000-predict-abcdef"
    damaged.mkdir()
    (damaged / TaskFile.REQUEST).write_text(content)
    assert [task.use_case for task in list_tasks()] == ["prepare"]
    with pytest.raises(UserError, match=r"damaged|There is no task"):
        task_state(damaged.name)
