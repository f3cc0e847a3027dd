"""Small records that many processes add to a run at once: one file each, written once and never changed."""

import tempfile
import uuid
from pathlib import Path

from pipelines.tracking.store import client, tracking_uri


def append_record(run_id: str, folder: str, name: str, text: str) -> None:
    """Store one line as a file of its own below `folder`; it is in the store when this returns.

    No writer reads or replaces what another wrote, so that none can undo an answer of another.

    Args:
        run_id: The run that keeps it.
        folder: Artifact folder.
        name: Beginning of the file name; the rest is random.
        text: Without a line end; that marks a record as complete.
    """
    client().log_text(run_id, f"{text}\n", f"{folder}/{name}-{uuid.uuid4().hex}.json")


def read_records(run_id: str, folder: str) -> list[str]:
    """All complete records below an artifact folder; empty where there is none.

    A store that is away raises, other than in `list_files`: no answers and no reply are not the same.
    """
    if not client().list_artifacts(run_id, folder):
        return []
    if tracking_uri().startswith("sqlite:"):
        return _complete(Path(client().download_artifacts(run_id, folder)))
    with tempfile.TemporaryDirectory() as place:
        return _complete(Path(client().download_artifacts(run_id, folder, place)))


def _complete(folder: Path) -> list[str]:
    """A file that is being copied into the store at this moment has no line end yet; it comes with the next look."""
    texts = (path.read_text() for path in sorted(folder.rglob("*.json")))
    return [text[:-1] for text in texts if text.endswith("\n")]
