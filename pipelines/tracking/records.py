"""Small records that many processes add to a run at once: one file each, written once and never changed."""

import tempfile
import uuid
from pathlib import Path

from pipelines.tracking.address import is_embedded
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.store import artifacts_of


def append_record(run_id: str, folder: str, name: str, text: str) -> None:
    """Store one line as a file of its own below `folder`; it is in the store when this returns.

    No writer reads or replaces what another wrote, so none can undo the record of another.

    Args:
        run_id: The run that keeps it.
        folder: Artifact folder.
        name: Beginning of the file name; the rest is random.
        text: Without a line end; that marks a record as complete.
    """
    put_text(run_id, f"{folder}/{name}-{uuid.uuid4().hex}.json", f"{text}\n")


def read_records(run_id: str, folder: str) -> list[str]:
    """Read all complete records below an artifact folder; empty where there is none.

    Unlike `list_files`, this raises if the store does not reply, which is not the same as having no records.
    """
    stored = artifacts_of(run_id)
    if not stored.list_artifacts(folder):
        return []
    if is_embedded():
        return _complete(Path(stored.download_artifacts(folder)))
    with tempfile.TemporaryDirectory() as place:
        return _complete(Path(stored.download_artifacts(folder, place)))


def _complete(folder: Path) -> list[str]:
    """Read records; a file that is being copied into the store has no line end yet and is read the next time."""
    texts = (path.read_text() for path in sorted(folder.rglob("*.json")))
    return [text[:-1] for text in texts if text.endswith("\n")]
