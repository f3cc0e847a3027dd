"""Files that wait on disk until the store has taken them, so that neither a slow nor an absent store loses one."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.tracking.keys import Artifact
from pipelines.tracking.store import artifacts_of

_ADDRESS = "address.json"


class Outbox:
    """A folder of letters: files with the artifact path that they go to. Posted by one thread, sent by another."""

    def __init__(self, folder: Path) -> None:
        """`folder` may hold letters of an interrupted run; they are sent as well."""
        folder.mkdir(parents=True, exist_ok=True)
        for half in [letter for letter in folder.iterdir() if _is_half(letter)]:
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
                        shutil.rmtree(_hide(letter), ignore_errors=True)
            part = self._outbox / f".{time.time_ns()}-{self._files}"
            part.mkdir()
            (part / _ADDRESS).write_text(json.dumps(artifact_path))
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
            with self._lock:
                gone = _hide(letter)
            shutil.rmtree(gone, ignore_errors=True)


def _is_half(letter: Path) -> bool:
    # Versions before 0.2 removed letters where they lay.
    return letter.name.startswith(".") or not (letter / _ADDRESS).exists()


def _hide(letter: Path) -> Path:
    """Take a letter out of the box in one step: nobody may read one that is half removed, not even after a kill."""
    return letter.rename(letter.with_name(f".{letter.name}.gone"))


def _address(letter: Path) -> str:
    return str(json.loads((letter / _ADDRESS).read_text()))
