"""The process that watches over a task: `python -m pipelines.jobs.run_task FOLDER` records how it ended."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from pipelines.home import TASK_FOLDER, TaskFile, home

_REMIND_S = 15


def main(folder: Path) -> int:
    """Start a process that carries out the request of the task folder; write outcome and status to `ended.json`."""
    interrupted = threading.Event()
    # Set before the child starts: it then receives interrupts even where this process was told to ignore them, as
    # shells tell everything that they start in the background.
    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    # A cancel interrupts the whole process group: this process stays to record how its child ended.
    process = subprocess.Popen(  # noqa: S603  (our own command line, no shell)
        [sys.executable, "-m", "pipelines.cli.task", str(folder)],
        env={**os.environ, TASK_FOLDER: str(folder)},
    )
    _wait(process, interrupted)
    part = folder / "ended.part"
    part.write_text(home().to_portable(json.dumps({"status": process.returncode, **_outcome(folder)})))
    part.replace(folder / TaskFile.ENDED)
    (folder / TaskFile.OUTCOME).unlink(missing_ok=True)
    return process.returncode


def _wait(process: "subprocess.Popen[bytes]", interrupted: threading.Event) -> None:
    """Wait for its end; an interrupt that got lost, for example while modules were loaded, is sent again."""
    while True:
        try:
            process.wait(timeout=_REMIND_S)
            return
        except subprocess.TimeoutExpired:
            if interrupted.is_set():
                process.send_signal(signal.SIGINT)


def _outcome(folder: Path) -> dict[str, object]:
    """Read result or error; nothing where the process was killed before it could write them."""
    try:
        content: dict[str, object] = json.loads((folder / TaskFile.OUTCOME).read_text())
    except (OSError, ValueError):
        return {}
    return content


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
