"""Where the files of an embedded store are now, wherever they were when their addresses were written.

MLflow stores the address of every artifact folder as an absolute one. The workbench never follows it: all of its files
lie at `mlruns/artifacts/EXPERIMENT/RUN/artifacts` below the home folder, and `here` says where that is now. So a store
can be moved, copied, or mounted at two paths at once.

MLflow's own tools (its pages, its Python interface) know nothing of that. For them `follow` brings the addresses in
the database up to date when a store is opened at another place.
"""

import contextlib
import fcntl
import json
import logging
import os
import re
import sqlite3
from pathlib import Path
from urllib.parse import unquote

from pipelines.home import Home
from pipelines.tracking.keys import Tag

BACKUP = "mlflow.db.before-move"
"""The database as it was before the addresses in it were last changed."""
SERVED = "mlflow-artifacts:/"
"""Beginning of addresses of files that a tracking server sends; `mlruns/artifacts` is what it must be given."""
_LOG = logging.getLogger(__name__)
_ADDRESS = re.compile(r"(?P<scheme>file://)?(?P<root>/.*)/mlruns/artifacts/(?P<inside>.+)")
ADDRESS_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)
"""Where MLflow keeps addresses of artifacts; some versions of MLflow lack some of them."""
_TIMEOUT_S = 60

_held: dict[tuple[int, int], int] = {}
"""Open lock files of this process: descriptors by device and inode."""


def here(address: str, place: Home) -> str:
    """Return the address below `place` of artifacts stored below any home folder; return other addresses unchanged."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return address
    folder = place.artifacts.as_uri() if found["scheme"] else str(place.artifacts)
    return f"{folder}/{found['inside']}"


def behind_server(address: str, place: Home) -> str:
    """Return the address below `place` of files that a tracking server would send; return other addresses unchanged."""
    inside = address.removeprefix(SERVED).lstrip("/")
    # An account of the server may have written anything.
    if not address.startswith(SERVED) or ".." in unquote(inside).split("/"):
        return address
    return f"{place.artifacts.as_uri()}/{inside}"


def served_address(address: str, place: Home) -> str:
    """Return the address at which a tracking server sends files below `place`; return other addresses unchanged."""
    folder = f"{place.artifacts.as_uri()}/"
    local = Path(address).as_uri() if address.startswith("/") else address
    return f"{SERVED}{local.removeprefix(folder)}" if local.startswith(folder) else address


def follow(place: Home) -> None:
    """Bring the addresses in the database up to date, with a backup beside it, where the store has moved.

    They stay as they are while another process has the store open, perhaps at its old place: a folder that is mounted
    at two paths would otherwise be rewritten to and fro. The same folder by another name is no move.
    """
    lock = os.open(place.mlruns / ".open.lock", os.O_RDWR | os.O_CREAT, 0o666)
    status = os.fstat(lock)
    inode = (status.st_dev, status.st_ino)
    if inode in _held:
        os.close(_held.pop(inode))
    try:
        with contextlib.closing(sqlite3.connect(place.database, _TIMEOUT_S, isolation_level=None)) as database:
            former = _former_roots(database, place)
            if former and _lock(lock, fcntl.LOCK_EX):
                _back_up(database, place)
                _rewrite(database, place, former)
                _rewrite_tasks(place, former)
                old = ", ".join(former)
                _LOG.warning(f"This store was at {old}; addresses now say {place.root} (database before: {BACKUP}).")
    except (OSError, sqlite3.Error) as error:
        # The workbench does not need the stored addresses: a store that cannot be written can still be read.
        _LOG.warning(f"The addresses in {place.database} could not be brought up to date: {error}")
    _lock(lock, fcntl.LOCK_SH)
    _held[inode] = lock


def _lock(descriptor: int, kind: int) -> bool:
    """Try to lock; a file system without locks counts as one where other processes are at work."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _former_roots(database: sqlite3.Connection, place: Home) -> list[str]:
    """Return home folders other than this one that experiments name."""
    if not _has(database, "experiments", "artifact_location"):
        return []
    addresses = [address for (address,) in database.execute("SELECT artifact_location FROM experiments")]
    found = [match for address in addresses if (match := _ADDRESS.fullmatch(address or ""))]
    roots = {unquote(match["root"]) if match["scheme"] else match["root"] for match in found}
    return sorted(root for root in roots if root != str(place.root) and not _same(Home(Path(root)), place))


def _same(one: Home, other: Home) -> bool:
    with contextlib.suppress(OSError):
        return one.database.samefile(other.database)
    return False


def _back_up(database: sqlite3.Connection, place: Home) -> None:
    part = place.mlruns / f"{BACKUP}.part"
    with contextlib.closing(sqlite3.connect(part)) as copy:
        database.backup(copy)
    part.replace(place.mlruns / BACKUP)


def _rewrite(database: sqlite3.Connection, place: Home, former: list[str]) -> None:
    """Rewrite all addresses in one transaction."""
    database.create_function("here", 1, lambda address: here(address, place), deterministic=True)
    database.execute("BEGIN IMMEDIATE")
    for table, column in ADDRESS_COLUMNS:
        if _has(database, table, column):
            # The names are constants of this file.
            database.execute(f"UPDATE {table} SET {column} = here({column}) WHERE {column} LIKE '%/mlruns/artifacts/%'")  # noqa: S608
    for root in former:
        sources = [json.dumps(f"{folder.datasets}/")[:-1] for folder in (Home(Path(root)), place)]
        database.execute("UPDATE datasets SET dataset_source = replace(dataset_source, ?, ?)", sources)
        database.execute("UPDATE tags SET value = ? WHERE key = ? AND value = ?", (str(place.root), Tag.HOME, root))
    database.execute("COMMIT")


def _has(database: sqlite3.Connection, table: str, column: str) -> bool:
    return any(row[1] == column for row in database.execute(f"PRAGMA table_info({table})"))


def _rewrite_tasks(place: Home, former: list[str]) -> None:
    """Rewrite absolute paths below the home folder in the task files of earlier versions."""
    for path in sorted(place.tasks.glob("*/*.json")):
        text = path.read_text()
        for root in former:
            text = Home(Path(root)).to_portable(text)
        part = path.with_suffix(".part")
        part.write_text(text)
        part.replace(path)
