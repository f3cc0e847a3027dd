"""What a preparation remembers from one plan to the next, so that a changed option does not read all files again."""

import hashlib
import os
from pathlib import Path
from typing import Protocol

from sem_models.version import __version__

_FORMAT = 2
"""Raised whenever something else is found in a file, or is stored in another way."""


class Memory(Protocol):
    """Remembers byte strings by key; it may forget any of them at any time."""

    def recall(self, key: str) -> bytes | None:
        """Return what was kept under a key; None if there is nothing."""

    def keep(self, key: str, content: bytes) -> None:
        """Keep something under a key."""


class NoMemory:
    """Forgets everything at once: every plan reads all files."""

    def recall(self, key: str) -> bytes | None:  # noqa: ARG002
        """Return nothing."""
        return None

    def keep(self, key: str, content: bytes) -> None:
        """Keep nothing."""


NO_MEMORY: Memory = NoMemory()


def key_of(*parts: object) -> str:
    """Name something by everything that it depends on, this version included."""
    return hashlib.sha256("|".join(map(str, (_FORMAT, __version__, *parts))).encode()).hexdigest()


def state_of(path: Path) -> str:
    """Name a file and its content without reading it: place, size, and when it was changed, in ns.

    The time of the last change of the file's own record is part of it, which no program can set: a file that was
    replaced by one of the same size and an older date has another name.

    Raises:
        OSError: There is no such file.
    """
    beside = path.with_suffix(".txt")  # in which some instruments write the facts of an image
    places = [path, beside] if beside != path and beside.is_file() else [path]
    return "|".join(f"{place.resolve()}|{_changed(place.stat())}" for place in places)


def _changed(about: os.stat_result) -> str:
    return f"{about.st_size}|{about.st_mtime_ns}|{about.st_ctime_ns}"
