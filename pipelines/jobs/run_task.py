"""The process that watches over a task: `python -m pipelines.jobs.run_task FOLDER` records how it ended."""

import importlib
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from pipelines.home import TASK_FOLDER, TaskFile, home
from pipelines.jobs.liveness import this_process
from pipelines.jobs.slurm_client import own_job
from pipelines.jobs.started import to_json

_REMIND_S = 15
_CANCELLED = 128 + signal.SIGINT


def main(arguments: list[str]) -> int:
    """Start a process that carries out the request of the task folder; write outcome and status to `ended.json`.

    A task that was cancelled before it began is left as it is.
    """
    folder = Path(arguments[0])
    interrupted = threading.Event()
    # Set before the child starts: it then receives interrupts even where this process was told to ignore them, as
    # shells tell everything that they start in the background.
    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    # Whoever started this process may be killed before they have written who it is.
    _write(folder, TaskFile.PROCESS, to_json(own_job() or this_process()))
    if (folder / TaskFile.ENDED).exists():
        return _CANCELLED
    # A cancel interrupts the whole process group: this process stays to record how its child ended.
    process = _context().Process(target=_carry_out, args=(folder,))
    process.start()
    status = _wait(process, interrupted)
    _write(folder, TaskFile.ENDED, {"status": status, **_outcome(folder)})
    (folder / TaskFile.OUTCOME).unlink(missing_ok=True)
    return status


def _context() -> ForkContext | SpawnContext:
    """Return how to start a process: a fork has at once what the fork server has imported."""
    linux = sys.platform == "linux"
    return multiprocessing.get_context("fork") if linux else multiprocessing.get_context("spawn")


def _carry_out(folder: Path) -> None:
    os.environ[TASK_FOLDER] = str(folder)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = importlib.import_module("pipelines.cli.task").main(folder)
    except KeyboardInterrupt:
        status = _CANCELLED
    sys.exit(status)


def _wait(process: BaseProcess, interrupted: threading.Event) -> int:
    """Wait for its end; an interrupt that got lost, for example while modules were loaded, is sent again."""
    while True:
        process.join(_REMIND_S)
        if process.exitcode is not None:
            return process.exitcode
        if interrupted.is_set() and process.pid:
            os.kill(process.pid, signal.SIGINT)


def _write(folder: Path, name: str, content: Mapping[str, object]) -> None:
    """Write a file of the task, which the process that started it may be writing as well."""
    part = (folder / f"own-{name}").with_suffix(".part")
    part.write_text(home().to_portable(json.dumps(content)))
    part.replace(folder / name)


def _outcome(folder: Path) -> dict[str, object]:
    """Read result or error; nothing where the process was killed before it could write them."""
    try:
        content: dict[str, object] = json.loads((folder / TaskFile.OUTCOME).read_text())
    except (OSError, ValueError):
        return {}
    return content


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
