"""Main memory: what this process may still use, and keeping what it has freed for its next use."""

import contextlib
import ctypes
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

_CGROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_STATUS = Path("/proc/self/status")


def available_bytes() -> int:
    """Return how many bytes can be allocated without swapping.

    Containers and batch systems limit the memory by a control group (cgroup v1 or v2, Linux), which the free memory of
    the machine does not show.
    """
    return max(0, min([int(psutil.virtual_memory().available), *_left_in_groups(_CGROUPS, _OWN)]))


def held_bytes() -> int:
    """Return how much main memory this process holds now."""
    return int(psutil.Process().memory_info().rss)


def peak_bytes() -> int:
    """Return the most main memory that this process has held at once since it began."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    if _STATUS.is_file():
        # Unlike `ru_maxrss`, this does not count the process that started this one.
        return next(int(line.split()[1]) * 1024 for line in _STATUS.read_text().splitlines() if "VmHWM" in line)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@contextlib.contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Inside the block, keep large pieces of memory that were freed for their next use; give them back at its end.

    The C library of Linux maps each large array anew, and the kernel fills it with zeros page by page: half of the time
    of a network with tensors of 64 MB. Elsewhere nothing happens. Blocks may lie inside each other, also in several
    threads: the outermost one counts.
    """
    global _open_blocks
    if sys.platform != "linux" or not hasattr(library := ctypes.CDLL(None), "malloc_trim"):  # musl has no such function
        yield
        return
    with _blocks:
        _open_blocks += 1
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        with _blocks:
            _open_blocks -= 1
            if not _open_blocks:
                library.mallopt(_MMAP_MAX, _USUAL_MAPS)
                library.mallopt(_TRIM_THRESHOLD, _USUAL_THRESHOLD)
                library.malloc_trim(0)


_blocks = threading.Lock()
_open_blocks = 0


_MMAP_MAX, _TRIM_THRESHOLD = -4, -1
_NEVER = 2**31 - 1
_USUAL_MAPS, _USUAL_THRESHOLD = 65536, 64 * 2**20
"""Numbers of options of `mallopt` in glibc, and their values before; its threshold adapts up to this."""


def _left_in_groups(root: Path, own: Path) -> list[int]:
    """Return the bytes left in each control group that limits this process: its own group and all groups above."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []
    left: list[int] = []
    for line in lines:
        number, controllers, name = line.split(":", 2)
        relative = name.strip("/")
        if number == "0":
            left += _left_along(root, relative, ("memory.max", "memory.current", "inactive_file"))
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            left += _left_along(root / "memory", relative, names)
    return left


def _left_along(root: Path, relative: str, names: tuple[str, str, str]) -> list[int]:
    # Inside a container, the path may name a place that is visible only outside; its limit then stands at the root.
    folder = root / relative
    places = [folder, *(place for place in folder.parents if place == root or root in place.parents)]
    return [left for place in places if (left := _left_in(place, *names)) is not None]


def _left_in(group: Path, limit: str, used: str, reclaimable: str) -> int | None:
    """Return limit minus use, where cached pages of files count as free; None if the group has no limit."""
    try:
        most, current = (group / limit).read_text().strip(), int((group / used).read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    return int(most) - current + int(stat.get(reclaimable, 0)) if most.isdigit() else None
