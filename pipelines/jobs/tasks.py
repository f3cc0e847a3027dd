"""Long work that pages start and that is no training: demo, prepare, predict, evaluate, register.

Each task is the command line itself in a detached process; its folder holds what it was asked, its progress, its log
and its result, so that any browser finds it again.
"""

import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipelines.home import home
from pipelines.jobs.executor import LocalExecutor
from pipelines.jobs.liveness import Process, describe, is_alive
from sem_models.errors import UserError

Status = Literal["running", "done", "failed", "cancelled"]
_LOG_LINES = 40


@dataclass(frozen=True)
class TaskState:
    """What is known of a task."""

    task_id: str
    arguments: tuple[str, ...]
    status: Status
    done: int
    total: int
    what: str
    seconds_left: float
    result: dict[str, Any] | None
    error: str
    started: float


def start_task(arguments: Sequence[str]) -> str:
    """Run `python -m pipelines ARGUMENTS --json` detached; returns the id of the task."""
    task_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{arguments[0]}-{os.urandom(3).hex()}"
    folder = _folder(task_id)
    folder.mkdir(parents=True)
    _write(folder / "task.json", {"arguments": list(arguments), "started": time.time()})
    pid = LocalExecutor().launch("pipelines.jobs.run_task", [str(folder)], folder / "log.txt")
    process = describe(pid)
    _write(folder / "process.json", {"host": process.host, "pid": process.pid, "started": process.started})
    return task_id


def task_state(task_id: str) -> TaskState:
    """How far a task is; a `UserError` where there is none of that id."""
    folder = _folder(task_id)
    task = _read(folder / "task.json")
    if task is None:
        raise UserError(f"There is no task {task_id!r}.")
    ended = _read(folder / "ended.json")
    progress = _read(folder / "progress.json") or {}
    return TaskState(
        task_id=task_id,
        arguments=tuple(task["arguments"]),
        status=_status(folder, ended),
        done=int(progress.get("done", 0)),
        total=int(progress.get("total", 0)),
        what=str(progress.get("what", "")),
        seconds_left=float(progress.get("seconds_left", 0.0)),
        result=ended.get("result") if ended else None,
        error=_error(folder) if ended is None or ended["status"] not in (0, 130) else "",
        started=float(task["started"]),
    )


def cancel_task(task_id: str) -> None:
    """Interrupt the task and all it has started, as Ctrl-C would."""
    process = _process(_folder(task_id))
    if process and is_alive(process, 0.0):
        os.killpg(process.pid, signal.SIGINT)


def list_tasks(limit: int = 20) -> list[TaskState]:
    """The latest tasks, newest first."""
    place = home().jobs / "tasks"
    names = sorted((path.name for path in place.glob("*/")), reverse=True) if place.is_dir() else []
    return [task_state(name) for name in names[:limit] if (place / name / "task.json").is_file()]


def _status(folder: Path, ended: dict[str, Any] | None) -> Status:
    if ended is not None:
        return {0: "done", 130: "cancelled"}.get(int(ended["status"]), "failed")  # type: ignore[return-value]
    process = _process(folder)
    return "running" if process is None or is_alive(process, 0.0) else "failed"


def _process(folder: Path) -> Process | None:
    content = _read(folder / "process.json")
    return Process(content["host"], content["pid"], content["started"]) if content else None


def _error(folder: Path) -> str:
    """The last line that the process wrote, which for a user's mistake is the message itself."""
    path = folder / "log.txt"
    lines = path.read_text(errors="replace").replace("\r", "\n").splitlines()[-_LOG_LINES:] if path.is_file() else []
    meaningful = [line.strip() for line in lines if line.strip() and "it/s]" not in line]
    return meaningful[-1] if meaningful else "The process ended without a word."


def _folder(task_id: str) -> Path:
    if "/" in task_id or task_id.startswith("."):
        raise UserError(f"There is no task {task_id!r}.")
    return home().jobs / "tasks" / task_id


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(home().from_portable(path.read_text()))
    except (OSError, ValueError):
        return None
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(home().to_portable(json.dumps(content)))
    part.replace(path)
