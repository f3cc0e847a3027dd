"""The process of one task: `python -m pipelines.jobs.run_task FOLDER` runs the command and writes how it ended."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from pipelines.home import home

_REMIND_S = 15


def main(folder: Path) -> int:
    """Run the command of the task folder; its JSON result and exit status go to `ended.json`."""
    arguments = json.loads(home().from_portable((folder / "task.json").read_text()))["arguments"]
    interrupted = threading.Event()
    # Before the child starts, which then hears interrupts even where this process was told to ignore them, as shells
    # tell everything that they start in the background.
    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    # The whole process group is interrupted on cancel: this process stays to write down how its child ended.
    process = subprocess.Popen(  # noqa: S603  (our own command line, no shell)
        [sys.executable, "-m", "pipelines", *arguments, "--json"],
        env={**os.environ, "SEM_TASK_DIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    output = _wait(process, interrupted)
    part = folder / "ended.part"
    part.write_text(home().to_portable(json.dumps({"status": process.returncode, "result": _last_json(output)})))
    part.replace(folder / "ended.json")
    return process.returncode


def _wait(process: "subprocess.Popen[str]", interrupted: threading.Event) -> str:
    """Its output, once it has ended; an interrupt that got lost, as while modules are loaded, is sent again."""
    while True:
        try:
            return process.communicate(timeout=_REMIND_S)[0]
        except subprocess.TimeoutExpired:
            if interrupted.is_set():
                process.send_signal(signal.SIGINT)


def _last_json(output: str) -> dict[str, object] | None:
    lines = output.strip().splitlines()
    try:
        result = json.loads(lines[-1])
    except (IndexError, ValueError):
        return None
    return result if isinstance(result, dict) else None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
