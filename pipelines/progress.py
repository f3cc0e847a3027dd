"""Progress for people and for pages: a bar on standard error, and a small file that a page can read.

Where `SEM_TASK_DIR` is set, `progress.json` in that folder holds `{"done", "total", "what", "seconds_left"}`;
it is replaced as a whole, so a reader never sees half of it.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipelines.home import TASK_FOLDER, TaskFile

ProgressHook = Callable[[int, int, float], None]
"""Called with the step of a training, its number of steps, and the seconds left."""
_FILE_PERIOD_S = 0.5
_STEPS = "steps trained"


class TerminalProgress:
    """A `Progress` that draws one bar for each kind of work, with the time left."""

    def __init__(self) -> None:
        """Draw on standard error, and write into the task folder if there is one."""
        folder = os.environ.get(TASK_FOLDER)
        self._file = Path(folder) / TaskFile.PROGRESS if folder else None
        self._bar: tqdm[Any] | None = None
        self._what = ""
        self._started = 0.0
        self._written = 0.0

    def __call__(self, done: int, total: int, what: str) -> None:
        """See `sem_models.progress.Progress`."""
        bar = self._bar if self._bar is not None and self._what == what else self._open(total, what)
        bar.update(done - bar.n)
        elapsed = time.monotonic() - self._started
        self._write(done, total, what, elapsed / done * (total - done) if done else 0.0)
        if done >= total:
            self.close()

    def training(self, step: int, total: int, seconds_left: float) -> None:
        """Show the steps of a training, whose own estimate includes validations."""
        bar = self._bar if self._bar is not None and self._what == _STEPS else self._open(total, _STEPS)
        bar.set_postfix_str(f"{clock(seconds_left)} left")
        bar.update(step - bar.n)
        self._write(step, total, _STEPS, seconds_left)

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _open(self, total: int, what: str) -> "tqdm[Any]":
        self.close()
        self._bar = bar = tqdm(total=total, desc=what, file=sys.stderr, leave=False)
        self._what, self._started = what, time.monotonic()
        return bar

    def _write(self, done: int, total: int, what: str, seconds_left: float) -> None:
        now = time.monotonic()
        if self._file is None or (now - self._written < _FILE_PERIOD_S and done < total):
            return
        self._written = now
        part = self._file.with_suffix(".part")
        part.write_text(
            json.dumps({"done": done, "total": total, "what": what, "seconds_left": round(seconds_left, 1)})
        )
        part.replace(self._file)


def clock(seconds: float) -> str:
    """Write seconds as `1:05:09` or `3:07`."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
