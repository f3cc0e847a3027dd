"""Use case: write the whole store to one archive, while trainings and the dashboard go on."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from pipelines.backup.archive import About, ArchiveWriter
from pipelines.backup.requests import BackupRequest
from pipelines.home import Home, home
from pipelines.people.lab import FILE as LAB
from pipelines.tracking.address import BUSY_TIMEOUT_S, is_embedded, is_postgresql
from pipelines.tracking.place import behind_server
from sem_models.errors import UserError
from sem_models.images.provenance import SOFTWARE
from sem_models.progress import Progress, silent

_COPIES, _IN_USE = ".sem-workbench-backup-", "in-use.lock"
"""Folder of copies that a backup makes, and the lock in it that it holds; without both, a folder is somebody else's."""
_SQLITE = b"SQLite format 3\0"
_ENDINGS = ("-wal", "-shm", "-journal", ".lock", ".part")
"""Of files that belong to running processes, or are not complete."""


@dataclass(frozen=True)
class Backup:
    """What was written."""

    path: Path
    files: int
    size: int
    """Bytes of the archive."""
    datasets: tuple[str, ...]
    """Datasets that are not included."""
    changed: tuple[str, ...]
    """Files that changed while they were read, and may not be whole."""


def backup(request: BackupRequest, progress: Progress = silent) -> Backup:
    """Copy databases, files of runs and models, working folders and, if asked for, datasets; read all of it back.

    The database is copied first, in one consistent state: every file that it names is there when files are copied. That
    of a lab is written as the SQLite file of a desk, which needs no server to be looked into.

    Raises:
        UserError: The store is a tracking server, the archive would lie inside it or exists, or the disk has too little
            room.
    """
    place, out = home(), request.out.absolute()
    _require(place, out)
    images = (place.datasets, place.uploads, place.results) if request.with_datasets else ()
    kept = [place.mlruns, place.root / LAB, *images]
    with _beside(out.parent) as beside:
        copies = {name: _copy(file, beside) for name, file in _files(place, kept) if _is_database(file)}
        if is_postgresql():
            # A file of that name is what was the store before the lab had a server.
            copies[place.database.relative_to(place.root).as_posix()] = _copy_of_server(place, beside)
        files = sorted({**dict(_files(place, kept)), **copies}.items())
        size = sum(_size(file) for _, file in files)
        _require_room(out.parent, size)
        about = About(
            software=SOFTWARE,
            written=datetime.now(UTC).isoformat(timespec="seconds"),
            home=str(place.root),
            bytes=size,
            datasets=request.with_datasets,
        )
        with ArchiveWriter(out, about) as archive:
            for index, (name, file) in enumerate(files):
                archive.add(file, name)
                progress(index + 1, len(files), "files")
    left = () if request.with_datasets else tuple(sorted(path.name for path in place.datasets.glob("*/")))
    return Backup(out, len(files), out.stat().st_size, left, tuple(archive.changed))


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Make a folder for copies next to the archive, and delete those that killed backups have left there."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=_COPIES) as made, FileLock(Path(made) / _IN_USE):
        for lock in folder.glob(f"{_COPIES}*/{_IN_USE}"):
            # It is held by a backup that runs, or belongs to another account.
            with contextlib.suppress(OSError), FileLock(lock, timeout=0):
                shutil.rmtree(lock.parent)
        yield Path(made)


def _require(place: Home, out: Path) -> None:
    if not is_embedded() and not is_postgresql():
        raise UserError(
            "MLFLOW_TRACKING_URI names a tracking server. Back up on the machine of the server, with the address of "
            "its PostgreSQL database in MLFLOW_TRACKING_URI, or with the tools of its database, such as pg_dump."
        )
    if is_embedded() and not place.database.is_file():
        raise UserError(f"There is no store in {place.root}; set SEM_HOME to the folder that has one.")
    if out.exists():
        raise UserError(f"{out} exists already; choose another name.")
    if not out.parent.is_dir():
        raise UserError(f"There is no folder {out.parent}; make it first.")
    for inner in (place.mlruns, place.datasets):
        if out.resolve().is_relative_to(inner.resolve()):
            raise UserError(f"{out} lies inside the store; choose a place outside, at best on another disk.")


def _require_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise UserError(f"The backup needs {size / 2**30:.1f} GiB, but {folder} has {free / 2**30:.1f} GiB left.")


def _files(place: Home, kept: list[Path]) -> Iterator[tuple[str, Path]]:
    """Yield all files to keep, with their names in the archive, relative to the home folder."""
    for path in kept:
        for file in [path] if path.is_file() else _below(path, set()):
            yield file.relative_to(place.root).as_posix(), file


def _below(folder: Path, seen: set[str]) -> Iterator[Path]:
    """Yield the files below a folder in order, also behind links; no folder twice."""
    real = os.path.realpath(folder)
    if real in seen or not folder.is_dir():
        return
    seen.add(real)
    for path in _entries(folder):
        if path.name.endswith(_ENDINGS):
            continue
        if path.is_dir():
            yield from _below(path, seen)
        elif path.is_file():
            yield path


def _entries(folder: Path) -> list[Path]:
    """List a folder in order; one that has vanished since it was found holds nothing."""
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _is_database(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _copy(database: Path, folder: Path) -> Path:
    """Copy a database that others are writing to, as it is at one moment."""
    target = folder / f"{len(list(folder.iterdir()))}.db"
    address = f"{database.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, BUSY_TIMEOUT_S, uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        # Opened elsewhere, it must not look for the log of the original.
        copy.execute("PRAGMA journal_mode=DELETE")
    return target


def _copy_of_server(place: Home, folder: Path) -> Path:
    """Write the store of a lab into a SQLite file, as it is at one moment; files are those below the home folder."""
    from pipelines.tracking.copying import copy_store

    target = folder / "store.db"
    copy_store(f"sqlite:///{target}", lambda address: behind_server(address, place))
    return target


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
