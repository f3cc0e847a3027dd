"""Use case: unpack a backup into a new home folder, which appears only if everything in it is what was written."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipelines.backup.archive import About, about, checked_files
from pipelines.backup.requests import RestoreRequest
from pipelines.home import Home
from pipelines.jobs import queue
from pipelines.jobs.tasks import end_all_tasks
from pipelines.tracking.place import follow
from sem_models.errors import FieldRef, UserError
from sem_models.progress import Progress, silent

_WAS_RUNNING = "It was running when the backup was made. Start it again if its result is missing."


@dataclass(frozen=True)
class RestoredStore:
    """A store that can be opened."""

    home: Path
    files: int
    about: About


def restore(request: RestoreRequest, progress: Progress = silent) -> RestoredStore:
    """Unpack an archive, compare all checksums, and check the database.

    Raises:
        UserError: The archive is damaged or something else, the folder is in use, or the disk has too little room.
    """
    target, archive = request.to.absolute(), request.archive
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(FieldRef("to", str(target)), " exists already and is not empty; name a new folder.")
    found = about(archive)
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free
    if found.bytes > free:
        raise UserError(
            f"{found.bytes / 2**30:.1f} GiB are needed, but {target.parent} has {free / 2**30:.1f} GiB left."
        )
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    # It holds what only the account of the workbench may read.
    part.mkdir(mode=0o700)
    try:
        count = _unpack(archive, part, progress)
        _check(Home(part))
        _end_work(Home(part))
        if target.exists():
            target.rmdir()
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    follow(Home(target.resolve()))
    return RestoredStore(target, count, found)


def _unpack(archive: Path, folder: Path, progress: Progress) -> int:
    count = 0
    for count, _ in enumerate(checked_files(archive, folder), 1):
        progress(count, count, "files")
    return count


def _end_work(place: Home) -> None:
    """Let everything that went on have ended: process and job numbers in the copy are those of the original.

    Whoever cancelled it in the copy would stop the work of the original, on the same machine or in the same SLURM.
    """
    queue.end_all(place)
    end_all_tasks(place, _WAS_RUNNING)


def _check(place: Home) -> None:
    with closing(sqlite3.connect(place.database)) as database:
        (state,) = database.execute("PRAGMA integrity_check").fetchone()
    if state != "ok":
        raise UserError(f"The database in the backup is damaged ({state}); use another copy.")
