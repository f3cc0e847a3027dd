"""Files of the locks of trainings, which stay when their processes have ended."""

from pathlib import Path

from filelock import FileLock, Timeout


def is_held(lock: Path) -> bool:
    """Tell whether a process has a lock, on this machine or another; also where that cannot be told."""
    try:
        with FileLock(lock, timeout=0):
            return False
    except (Timeout, OSError):
        return True


def remove_free(lock: Path) -> bool:
    """Remove the file of a lock that nobody has; return whether it is gone.

    It is held meanwhile: otherwise one process could take it and another make it anew, and both would train one run.

    Raises:
        OSError: It cannot be removed.
    """
    try:
        with FileLock(lock, timeout=0):
            lock.unlink()
    except Timeout:
        return False
    return True
