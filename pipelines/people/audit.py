"""The audit log: who did what, when. Lines are only ever added."""

import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pipelines.home import writable_home
from pipelines.people.person import Person


@dataclass(frozen=True)
class Deed:
    """One line of the log."""

    time: str
    """ISO 8601, UTC."""
    person: str
    """Id; names are not unique."""
    name: str
    role: str
    """Empty for somebody who was not let in."""
    deed: str
    """One word or two: `train`, `cancel`, `sign in`, `refused`."""
    thing: str
    """Id or name of what it was done to; never its content."""


def record(person: Person, deed: str, thing: str = "") -> None:
    """Add a line; it is on the disk when this returns."""
    _add(Deed(_now(), person.id, person.name, person.role, deed, thing))


def record_turned_away(person_id: str, reason: str) -> None:
    """Add a line about somebody who has signed in, but has no role here, and so is no person of the workbench."""
    _add(Deed(_now(), person_id, person_id, "", "refused", f"enter: {reason}"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _add(line: Deed) -> None:
    """Write once to a file that is open for appending: lines of several processes do not mix, and none is replaced."""
    place = writable_home().audit
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place, "ab+", buffering=0, opener=_private) as log:
        start = b"\n" if _is_torn(log) else b""
        log.write(start + json.dumps(asdict(line)).encode() + b"\n")
        os.fsync(log.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _is_torn(log: io.FileIO) -> bool:
    """Tell whether a full disk cut the last line off."""
    if log.seek(0, os.SEEK_END) == 0:
        return False
    log.seek(-1, os.SEEK_END)
    return log.read(1) != b"\n"


def read_audit() -> Iterator[Deed]:
    """Read all lines, oldest first; one that a full disk cut off is given as it is."""
    place = writable_home().audit
    if not place.is_file():
        return
    with place.open() as lines:
        for line in filter(str.strip, lines):
            try:
                yield Deed(**json.loads(line))
            except (ValueError, TypeError):
                yield Deed("", "", "", "", "unreadable line", line.strip())
