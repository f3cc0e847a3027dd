"""What has become of each of very many files, in a file that several processes append to.

`ledger.jsonl` has one line for each file that was done or that failed; the last one counts. A process claims a file
before it works on it, by a lock of the operating system on one byte of `.ledger.lock`, which a process that is killed
loses at once. So no file is done twice, and a file that nobody has finished is done by the next one who asks.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sem_models.errors import FieldRef, UserError

NAME: Final = "ledger.jsonl"
_LOCK: Final = ".ledger.lock"
_WHOLE: Final = 2**62
"""The byte whose lock is held while a line is appended; those of files lie below it."""


@dataclass(frozen=True)
class Record:
    """What became of one file."""

    file: str
    """Absolute path."""
    error: str
    """Why it failed; empty where it is done."""
    outputs: tuple[str, ...]
    """Absolute paths of its results."""
    seconds: float

    @property
    def is_sound(self) -> bool:
        """Whether its results are still there."""
        return bool(self.error) or all(Path(path).is_file() for path in self.outputs)


class Ledger:
    """The ledger of an output folder, for one process; threads of one process do not exclude each other."""

    def __init__(self, out: Path, asked: Mapping[str, Any]) -> None:
        """Open the ledger of `out`, which is made where it is missing.

        Args:
            out: Folder of the results.
            asked: What all results have in common, as JSON.

        Raises:
            UserError: The folder holds a ledger of something else, or files but no ledger.
        """
        out.mkdir(parents=True, exist_ok=True)
        self._path = out / NAME
        if not self._path.exists() and any(path.name != _LOCK for path in out.iterdir()):
            raise UserError(f"{out} holds files that no ledger lists; choose an empty folder as ", FieldRef("out"), ".")
        self._lock = os.open(out / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        self._records: dict[str, Record] = {}
        self._read = 0
        self._asked: Any = None
        self._begin(json.loads(json.dumps(asked)))
        self._earlier = dict(self._records)

    def _begin(self, asked: Any) -> None:
        with self._locked(_WHOLE):
            self._refresh()
            if self._asked is None:
                self._append({"asked": asked})
            elif self._asked != asked:
                changed = sorted(key for key in asked if asked[key] != self._asked.get(key))
                what = ", ".join(f"{key} {self._asked.get(key)}, not {asked[key]}" for key in changed)
                raise UserError(f"{self._path} is about other results ({what}); choose another ", FieldRef("out"), ".")

    def close(self) -> None:
        """Release everything."""
        os.close(self._file)
        os.close(self._lock)

    def settled(self, file: Path, retry_failed: bool = False) -> Record | None:
        """Return what became of a file; None where it is still to be done.

        Args:
            file: Its path.
            retry_failed: Whether what failed before this ledger was opened is to be done.
        """
        self._refresh()
        key = str(file.absolute())
        found, earlier = self._records.get(key), self._earlier.get(key)
        if found is None or found is not earlier:
            return found
        return found if found.is_sound and not (found.error and retry_failed) else None

    @contextlib.contextmanager
    def claimed(self, file: Path, wait: bool) -> Iterator[bool]:
        """Keep other processes from a file; false if one of them has it, unless this one is to `wait` for it."""
        digest = hashlib.sha256(str(file.absolute()).encode()).digest()
        byte = int.from_bytes(digest[:7], "big")
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, byte)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN, 1, byte)

    def append(self, record: Record) -> None:
        """Write what became of a file."""
        state = "failed" if record.error else "done"
        facts = {"file": record.file, "state": state, "error": record.error, "outputs": record.outputs}
        with self._locked(_WHOLE):
            self._append({**facts, "seconds": round(record.seconds, 3)})

    @contextlib.contextmanager
    def _locked(self, byte: int) -> Iterator[None]:
        fcntl.lockf(self._lock, fcntl.LOCK_EX, 1, byte)
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN, 1, byte)

    def _append(self, content: Mapping[str, Any]) -> None:
        size = os.fstat(self._file).st_size
        # A process that was killed, or a full disk, may have left a line without its end.
        torn = size > 0 and os.pread(self._file, 1, size - 1) != b"\n"
        os.write(self._file, (b"\n" if torn else b"") + json.dumps(content).encode() + b"\n")

    def _refresh(self) -> None:
        """Read the lines that were added; the last one may still be incomplete."""
        size = os.fstat(self._file).st_size
        if size <= self._read:
            return
        text = os.pread(self._file, size - self._read, self._read)
        complete = text[: text.rfind(b"\n") + 1]
        self._read += len(complete)
        for line in complete.splitlines():
            with contextlib.suppress(ValueError):
                self._take(json.loads(line))

    def _take(self, content: dict[str, Any]) -> None:
        if "asked" in content:
            self._asked = content["asked"]
            return
        outputs = tuple(content["outputs"])
        self._records[content["file"]] = Record(content["file"], content["error"], outputs, content["seconds"])
