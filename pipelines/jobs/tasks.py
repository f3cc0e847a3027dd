"""Long work other than training that pages start: lesson, prepare, predict, evaluate, register.

Each task is a request that a detached process carries out; its folder holds request, progress, log and result, so that
any browser finds it again.
"""

import json
import logging
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pipelines.home import TASK_FOLDER, Home, TaskFile, home, writable_home
from pipelines.jobs.admission import admit
from pipelines.jobs.choice import executor_for
from pipelines.jobs.executor import Needs
from pipelines.jobs.quotas import within_quota
from pipelines.jobs.started import Started, from_json, to_json
from pipelines.people.acting import acting_person
from pipelines.people.audit import record
from pipelines.people.permissions import Action, Ownership, require, visible
from pipelines.people.person import Person
from pipelines.request import Request
from pipelines.tracking.address import without_secrets
from sem_models.errors import Message, UserError
from sem_models.names import one_folder, quoted

Status = Literal["waiting", "running", "done", "failed", "cancelled"]
_LOG_LINES = 40
_CANCELLED = 130
"""Exit status of what was interrupted."""
_LEFT = 1
"""Exit status of what never began, or was left behind when its store was copied."""
_BEGINS_WITHIN_S = 120.0
"""What has no process so long after it was asked for has none any more: whoever started it was killed."""
_NEVER_BEGAN = "It never began: the program was ended while it started it. Start it again."
_REMEMBERED = 2000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskState:
    """What is known about a task."""

    task_id: str
    use_case: str
    request: Mapping[str, Any]
    """Its fields, as JSON holds them."""
    status: Status
    place: str
    """Where in which queue it waits; empty where it does not."""
    done: int
    total: int
    what: str
    seconds_left: float
    result: dict[str, Any] | None
    error: Message
    started: float
    owner: str
    """Id of the person who started it."""
    runs: tuple[str, ...] = ()
    """Trainings that are a part of it."""

    @property
    def is_live(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ("waiting", "running")

    @property
    def ownership(self) -> Ownership:
        """Whose it is; tasks are never shared, what they make is."""
        return Ownership(self.owner)


def start_task(request: Request, by: Person | None = None) -> str:
    """Carry out a request in a detached process or job, for `by` or for whom this process works; return its id.

    Raises:
        UserError: The request names something that the person may not use, or SLURM did not take the job.
    """
    by = by or acting_person()
    admit(request, by)
    task_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{request.use_case}-{os.urandom(3).hex()}"
    writable_home()
    folder = _folder(task_id)
    asked = {"use_case": request.use_case, "request": request.model_dump(mode="json")}
    with within_quota(by, lambda: sum(task.is_live and task.owner == by.id for task in list_tasks(by))):
        folder.mkdir(parents=True)
        _write(folder / TaskFile.REQUEST, {**asked, "started": time.time(), "person": by.to_json()})
    record(by, request.use_case, task_id)
    _begin(request.use_case, folder)
    return task_id


def _begin(use_case: str, folder: Path) -> None:
    """Start the process or job of a task; where that fails, the task has ended with the reason."""
    log, needs = folder / TaskFile.LOG, Needs(use_case)
    try:
        started = executor_for(use_case).launch("pipelines.jobs.run_task", [str(folder)], log, needs)
    except Exception as error:
        reason = error.message if isinstance(error, UserError) else Message(without_secrets(str(error)))
        _write(folder / TaskFile.ENDED, {"status": _LEFT, "error": reason.to_json()})
        raise
    _write(folder / TaskFile.PROCESS, to_json(started))


def task_state(task_id: str) -> TaskState:
    """Read how far a task is; raise `UserError` where there is none with that id, or its record is damaged."""
    folder = _folder(task_id)
    try:
        return _ended_state(task_id, folder, (folder / TaskFile.ENDED).stat().st_mtime_ns)
    except OSError:
        return _current_state(task_id, folder)


@lru_cache(maxsize=_REMEMBERED)
def _ended_state(task_id: str, folder: Path, changed_ns: int) -> TaskState:  # noqa: ARG001  (a changed file is read anew)
    """Read a task that has ended: once, however often pages list it."""
    return _current_state(task_id, folder)


def _current_state(task_id: str, folder: Path) -> TaskState:
    task = _read(folder / TaskFile.REQUEST)
    if task is None:
        raise UserError(f"There is no task {task_id!r}.")
    try:
        return _state(task_id, folder, task)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"The record of task {quoted(task_id)} is damaged; remove the folder {folder}.") from error


def _state(task_id: str, folder: Path, task: Mapping[str, Any]) -> TaskState:
    use_case, request = _asked(task)
    started, ended = _started(folder), _read(folder / TaskFile.ENDED)
    progress = _read(folder / TaskFile.PROGRESS) or {}
    return TaskState(
        task_id=task_id,
        use_case=use_case,
        request=request,
        status=_status(started, ended, float(task["started"])),
        place=started.waits() if started and not ended else "",
        done=int(progress.get("done", 0)),
        total=int(progress.get("total", 0)),
        what=str(progress.get("what", "")),
        seconds_left=float(progress.get("seconds_left", 0.0)),
        result=ended.get("result") if ended else None,
        error=_error(folder, started, ended),
        started=float(task["started"]),
        owner=(task.get("person") or {}).get("id", ""),
        runs=_runs(folder),
    )


def _runs(folder: Path) -> tuple[str, ...]:
    try:
        return tuple((folder / TaskFile.RUNS).read_text().split())
    except OSError:
        return ()


def take_part(run_id: str) -> None:
    """Record that a training is a part of the task that this process carries out; nothing where it carries out none."""
    folder = os.environ.get(TASK_FOLDER)
    if folder:
        with (Path(folder) / TaskFile.RUNS).open("a") as runs:
            runs.write(f"{run_id}\n")


def cancel_task(task_id: str, by: Person | None = None) -> None:
    """Interrupt the task and all it has started, as Ctrl-C would.

    Raises:
        UserError: It belongs to somebody else, or SLURM does not answer.
    """
    by = by or acting_person()
    require(by, Action.CHANGE, task_state(task_id).ownership, f"Task {task_id}")
    record(by, "cancel", task_id)
    started, end = _started(folder := _folder(task_id)), folder / TaskFile.ENDED
    if end.exists():
        return
    if started is None or (started.is_alive() and not started.interrupt(signal.SIGINT)):
        _write(end, {"status": _CANCELLED})


def end_all_tasks(place: Home, reason: str) -> None:
    """Let all unfinished tasks of a home folder that is a copy end: their processes are those of the original."""
    for request in place.tasks.glob(f"*/{TaskFile.REQUEST}"):
        end = request.with_name(TaskFile.ENDED)
        if not end.exists():
            _write(end, {"status": _LEFT, "error": Message(reason).to_json()})


def list_tasks(of: Person | None = None) -> list[TaskState]:
    """List the tasks that a person may see, or all, newest first.

    Tasks whose records are damaged are left out: every page shows this list.
    """
    place = home().tasks
    names = sorted((path.name for path in place.glob("*/")), reverse=True) if place.is_dir() else []
    found: list[TaskState] = []
    for name in names:
        if (place / name / TaskFile.REQUEST).is_file():
            try:
                found += visible(of, [task_state(name)]) if of else [task_state(name)]
            except UserError as error:
                _warn_once(str(error))
    return found


@lru_cache(maxsize=1000)
def _warn_once(text: str) -> None:
    """Write to the log what is met again every few seconds."""
    _log.warning(text)


def _asked(task: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return use case and request; tasks of version 0.1 hold a command line, mostly with the model first."""
    if "arguments" not in task:
        return task["use_case"], task["request"]
    use_case, *others = task["arguments"]
    return use_case, {"model": others[0]} if others else {}


def _status(started: Started | None, ended: dict[str, Any] | None, asked: float) -> Status:
    if ended is not None:
        return {0: "done", _CANCELLED: "cancelled"}.get(int(ended["status"]), "failed")  # type: ignore[return-value]
    if started is None:
        return "running" if time.time() - asked < _BEGINS_WITHIN_S else "failed"
    if started.is_alive():
        return "waiting" if started.waits() else "running"
    return "failed"


def _started(folder: Path) -> Started | None:
    content = _read(folder / TaskFile.PROCESS)
    return from_json(content) if content else None


def _error(folder: Path, started: Started | None, ended: Mapping[str, Any] | None) -> Message:
    """Return what went wrong; where the process could not report it, the last line that it wrote."""
    if ended and isinstance(ended.get("error"), Message):
        error: Message = ended["error"]
        return error
    if ended and ended["status"] in (0, _CANCELLED):
        return Message()
    if started is None and ended is None:
        return Message(_NEVER_BEGAN)
    return Message(without_secrets(_last_line(folder)))


def _last_line(folder: Path) -> str:
    path = folder / TaskFile.LOG
    lines = path.read_text(errors="replace").replace("\r", "\n").splitlines()[-_LOG_LINES:] if path.is_file() else []
    meaningful = [line.strip() for line in lines if line.strip() and "it/s]" not in line]
    return meaningful[-1] if meaningful else "The process ended without a message."


def _folder(task_id: str) -> Path:
    try:
        return home().tasks / one_folder(task_id)
    except ValueError as error:
        raise UserError(f"There is no task {quoted(task_id)}.") from error


def _read(path: Path) -> dict[str, Any] | None:
    try:
        text = home().from_portable(path.read_text())
        content: dict[str, Any] = json.loads(text, object_hook=Message.revive)
    except (OSError, ValueError):
        return None
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(home().to_portable(json.dumps(content)))
    part.replace(path)
