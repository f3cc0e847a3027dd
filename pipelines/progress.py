"""Progress for people and for pages: a bar or lines on standard error, or a small file that a page can read.

Where `SEM_TASK_DIR` is set, `progress.json` in that folder holds `{"done", "total", "what", "seconds_left"}`;
it is replaced as a whole, so a reader never sees half of it.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from pipelines.home import TASK_FOLDER, TaskFile

ProgressHook = Callable[[int, int, float], None]
"""Called with the step of a training, its number of steps, and the seconds left."""
_FILE_PERIOD_S = 0.5
_LINE_PERIOD_S = 5.0
_LINES = 10
"""The most that are written about one kind of work."""
_STEPS = "steps trained"
_UNITS_S = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class _Display(Protocol):
    def show(self, done: int, total: int, what: str, seconds_left: float) -> None:
        """Show how far one kind of work is."""

    def close(self) -> None:
        """End what is shown."""


class TerminalProgress:
    """A `Progress` with the time left: a bar in a terminal, a few lines in a log, a file in the folder of a task."""

    def __init__(self) -> None:
        """Choose where to show it."""
        folder = os.environ.get(TASK_FOLDER)
        self._display: _Display
        if folder:
            self._display = _File(Path(folder) / TaskFile.PROGRESS)
        else:
            self._display = _Bar() if sys.stderr.isatty() else _Lines()
        self._what = ""
        self._started = 0.0

    def __call__(self, done: int, total: int, what: str) -> None:
        """See `sem_models.progress.Progress`."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._started = what, now
        self._display.show(done, total, what, (now - self._started) / done * (total - done) if done else 0.0)
        if done >= total:
            self.close()

    def training(self, step: int, total: int, seconds_left: float) -> None:
        """Show the steps of a training, whose own estimate includes validations."""
        self._display.show(step, total, _STEPS, seconds_left)

    def close(self) -> None:
        """End what is shown, so that something else can be written."""
        self._what = ""
        self._display.close()


class _Bar:
    """A bar that is drawn again and again on one line of a terminal."""

    _FORMAT = "{desc}: {percentage:3.0f} %|{bar}| {n_fmt}/{total_fmt}{postfix}"

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._what = ""

    def show(self, done: int, total: int, what: str, seconds_left: float) -> None:
        """See `_Display`."""
        if self._bar is None or self._what != what:
            self.close()
            self._what = what
            self._bar = tqdm(total=total, desc=what, file=sys.stderr, leave=False, bar_format=self._FORMAT)
        self._bar.set_postfix_str(f"{duration(seconds_left)} left", refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _Lines:
    """A line after each tenth of the work, if some seconds have passed, and one at its end."""

    def __init__(self) -> None:
        self._what, self._done, self._tenths, self._written = "", 0, 0, 0.0

    def show(self, done: int, total: int, what: str, seconds_left: float) -> None:
        """See `_Display`."""
        now, tenths = time.monotonic(), _LINES * done // max(total, 1)
        if what != self._what or done < self._done:
            self._what, self._done, self._tenths, self._written = what, 0, 0, now
        ended, due = done >= total, tenths > self._tenths and now - self._written >= _LINE_PERIOD_S
        if done > self._done and (ended or due):
            left = "" if ended else f", {duration(seconds_left)} left"
            sys.stderr.write(f"{what}: {done} of {total}{left}\n")
            self._tenths, self._written = tenths, now
        self._done = done

    def close(self) -> None:
        """See `_Display`; a line has ended by itself."""


class _File:
    """A file that another process reads."""

    def __init__(self, path: Path) -> None:
        self._path, self._written = path, 0.0

    def show(self, done: int, total: int, what: str, seconds_left: float) -> None:
        """See `_Display`."""
        now = time.monotonic()
        if now - self._written < _FILE_PERIOD_S and done < total:
            return
        self._written = now
        part = self._path.with_suffix(".part")
        part.write_text(
            json.dumps({"done": done, "total": total, "what": what, "seconds_left": round(seconds_left, 1)})
        )
        part.replace(self._path)

    def close(self) -> None:
        """See `_Display`; the file stays."""


def duration(seconds: float) -> str:
    """Write a duration in its two largest units: `2 d 5 h`, `1 h 19 min`, `3 min 7 s`, `40 s`."""
    rest = round(seconds)
    parts: list[str] = []
    first = next((place for place, (_, size) in enumerate(_UNITS_S) if rest >= size), len(_UNITS_S) - 1)
    for unit, size in _UNITS_S[first : first + 2]:
        count, rest = divmod(rest, size)
        if count or not parts:
            parts.append(f"{count} {unit}")
    return " ".join(parts)
