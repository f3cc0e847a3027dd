"""Which ended work has been looked at, so that no page goes on announcing it."""

import time

from pipelines.home import home, writable_home
from sem_models.names import one_folder

_KEPT_S = 7 * 86400.0


def is_seen(work_id: str, since: float = 0.0) -> bool:
    """Tell whether somebody has looked at the end of a task or training, later than `since` (seconds of the epoch)."""
    note = home().seen / one_folder(work_id)
    return note.is_file() and note.stat().st_mtime >= since


def mark_seen(work_id: str) -> None:
    """Record that somebody has looked at the end of a task or training; notes older than a week go."""
    folder = writable_home().seen
    folder.mkdir(parents=True, exist_ok=True)
    oldest = time.time() - _KEPT_S
    for note in folder.iterdir():
        if note.stat().st_mtime < oldest:
            note.unlink(missing_ok=True)
    (folder / one_folder(work_id)).touch()
