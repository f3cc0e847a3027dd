"""Files that wait on disk until the store has taken them, so that neither a slow nor an absent store loses one."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.tracking.keys import Artifact
from pipelines.tracking.store import artifacts_of


class Outbox:
    """A folder of letters: files with the artifact path that they go to. Posted by one thread, sent by another."""

    def __init__(self, folder: Path) -> None:
        """`folder` may hold letters of an interrupted run; they are sent as well."""
        folder.mkdir(parents=True, exist_ok=True)
        for half in folder.glob(".*"):
            # Half posted or half removed when a process was killed: links that would hold old checkpoints on the disk.
            shutil.rmtree(half, ignore_errors=True)
        self._outbox = folder
        self._files = 0
        self._lock = threading.Lock()

    def post(self, artifact_path: str, fill: Callable[[Path], None]) -> None:
        """Put files into the outbox; a newer letter to `checkpoints/...` replaces one that has not gone yet."""
        with self._lock:
            self._files += 1
            if artifact_path.startswith(f"{Artifact.CHECKPOINTS}/"):
                for letter in self._letters():
                    if _address(letter) == artifact_path and not (letter / ".sending").exists():
                        shutil.rmtree(letter, ignore_errors=True)
            part = self._outbox / f".{time.time_ns()}-{self._files}"
            part.mkdir()
            (part / "address.json").write_text(json.dumps(artifact_path))
            (part / "files").mkdir()
            fill(part / "files")
            part.rename(self._outbox / part.name[1:])

    def _letters(self) -> list[Path]:
        return sorted(path for path in self._outbox.iterdir() if not path.name.startswith("."))

    def send(self, run_id: str) -> None:
        """Send every letter in the order of posting; errors of the store are raised, and the rest stays."""
        for letter in self._letters():
            with self._lock:
                if not letter.exists():
                    continue
                (letter / ".sending").touch()
            artifacts_of(run_id).log_artifacts(str(letter / "files"), _address(letter))
            sent = letter.with_name(f".{letter.name}.sent")
            with self._lock:
                # The training thread must not read a letter that is half removed.
                letter.rename(sent)
            shutil.rmtree(sent, ignore_errors=True)


def _address(letter: Path) -> str:
    return str(json.loads((letter / "address.json").read_text()))
