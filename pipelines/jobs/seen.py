"""Which ended work a person has looked at, so that no page goes on announcing it to them."""

import contextlib
import time
from pathlib import Path

from pipelines.home import home, writable_home
from pipelines.people.person import Person
from pipelines.people.places import folder_of
from sem_models.names import one_folder

_KEPT_S = 7 * 86400.0


def is_seen(work_id: str, by: Person, since: float = 0.0) -> bool:
    """Tell whether a person has looked at the end of a task or training, later than `since` (seconds of the epoch)."""
    note = folder_of(home().seen, by) / one_folder(work_id)
    return note.is_file() and note.stat().st_mtime >= since


def mark_seen(work_id: str, by: Person) -> None:
    """Record that a person has looked at the end of a task or training; notes older than a week go, whose they are."""
    folder = folder_of(writable_home().seen, by)
    folder.mkdir(parents=True, exist_ok=True)
    oldest = time.time() - _KEPT_S
    for note in home().seen.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # another page clears up at the same time
            _remove_if_older(note, oldest)
    (folder / one_folder(work_id)).touch()


def _remove_if_older(note: Path, oldest: float) -> None:
    if note.is_file() and note.stat().st_mtime < oldest:
        note.unlink()
