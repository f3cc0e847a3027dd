"""Files and folders that are being written: under a name that says by which process.

Those of a dead process can be removed.
"""

import contextlib
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

_HOST = re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())
_NAME = re.compile(r"\..+\.(?P<host>[A-Za-z0-9._]+)-(?P<pid>\d+)\.part", re.DOTALL)
_DAY_S = 86400.0
_SLACK_S = 2.0
"""Clocks of a disk and of the processor may differ by so much."""


def partial_path(path: Path) -> Path:
    """Return where this process writes a file before it gets its name."""
    return path.with_name(f".{path.name}{_mark()}")


def partial_folder(folder: Path) -> Path:
    """Make an empty folder in which this process writes what gets the name of `folder` once it is complete."""
    return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=_mark(), dir=folder.parent))


def write_cached(path: Path, content: bytes) -> None:
    """Write a file that is never seen incomplete, whoever writes it at the same time.

    A cache that cannot be written is done without.
    """
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        before, after = f".{path.name}.", _mark()
        with tempfile.NamedTemporaryFile(prefix=before, suffix=after, dir=path.parent, delete=False) as part:
            part.write(content)
        Path(part.name).replace(path)


def _mark() -> str:
    return f".{_HOST}-{os.getpid()}.part"


def is_partial(path: Path) -> bool:
    """Tell whether a file or folder has a name that `partial_path` or `partial_folder` gives."""
    return bool(_NAME.fullmatch(path.name))


def may_be_written(path: Path) -> bool:
    """Tell whether the process that began a partial file may still write it.

    Processes of other machines cannot be seen: they are believed to write for a day after the last change.
    """
    found = _NAME.fullmatch(path.name)
    if found is None:
        return True
    try:
        changed = path.stat().st_mtime
        if found["host"] != _HOST:
            return time.time() - changed < _DAY_S
        # Another process may have got the number since.
        return bool(psutil.Process(int(found["pid"])).create_time() < changed + _SLACK_S)
    except (psutil.Error, OSError):
        return False


def remove_abandoned(folder: Path) -> None:
    """Remove what killed processes have left in a folder; what cannot be removed stays."""
    for path in list(_partials(folder)):
        if not may_be_written(path):
            with contextlib.suppress(OSError):
                path.unlink()


def _partials(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (path for path in folder.iterdir() if is_partial(path))
