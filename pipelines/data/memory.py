"""What preparations remember below `SEM_HOME`, for pages, tasks and the command line together."""

import contextlib
import logging
import os
import threading
from pathlib import Path

from pipelines.home import home

_MOST_BYTES = 1 << 30
_TRIMMED = 0.8
"""Share of the limit that is left when the longest unused has been removed."""
_log = logging.getLogger(__name__)


class FileMemory:
    """A file for each key in one folder, which may be deleted at any time; see `sem_models` `Memory`."""

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._kept = False

    def recall(self, key: str) -> bytes | None:
        """Return what was kept under a key; None if there is nothing."""
        place = self._folder / key
        try:
            content = place.read_bytes()
            os.utime(place)
        except OSError:
            return None
        return content

    def keep(self, key: str, content: bytes) -> None:
        """Keep something under a key; a disk that is full or read-only costs time, never the plan."""
        part = self._folder / f".{key}.{os.getpid()}-{threading.get_ident()}"
        try:
            if not self._kept:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._trim()
                self._kept = True
            part.write_bytes(content)
            part.replace(self._folder / key)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            _log.warning("What was found in a file cannot be kept in %s: %s", self._folder, error)

    def _trim(self) -> None:
        """Remove the longest unused beyond the limit."""
        used = sorted((place.stat().st_mtime_ns, place.stat().st_size, place) for place in self._folder.iterdir())
        excess = sum(size for _, size, _ in used) - self._most_bytes
        if excess <= 0:
            return
        excess += round((1 - _TRIMMED) * self._most_bytes)
        for _, size, place in used:
            if excess <= 0:
                return
            place.unlink(missing_ok=True)
            excess -= size


def plan_memory() -> FileMemory:
    """Return the memory of this process's home."""
    return FileMemory(home().plans)
