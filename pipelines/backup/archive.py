"""The archive of a store: a tar file whose last member, SHA256SUMS, holds the checksums of all others.

Any tar program can unpack it, and `sha256sum -c SHA256SUMS` checks it. Its first member, backup.json, says what it is.
"""

import contextlib
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.backup.checksums import checksum_list, read_checksums
from pipelines.people.lab import FILE as LAB
from sem_models.errors import UserError

ABOUT, SUMS = "backup.json", "SHA256SUMS"
_TOPS = frozenset({ABOUT, SUMS, LAB, "mlruns", "datasets", "uploads", "results"})
"""All that lies directly in an archive."""
_CHUNK = 2**20


class About(BaseModel):
    """What an archive is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = 1
    software: str
    written: str
    """ISO 8601, UTC."""
    home: str
    """The home folder that was backed up."""
    bytes: int
    """Size of all files, as they were counted before they were read."""
    datasets: bool
    """Whether datasets are included."""


@dataclass
class ArchiveWriter:
    """Writes an archive that appears at its path when it is complete and has been read back."""

    path: Path
    about: About
    changed: list[str] = field(default_factory=list)
    """Files that changed while they were read: their ends may be missing, or filled up with zeros."""
    sums: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._part = self.path.with_name(f".{self.path.name}.part")
        # It holds what the accounts of the store may read, and other accounts of the machine may not.
        self._part.touch(mode=0o600)
        self._tar = tarfile.open(self._part, "w", format=tarfile.PAX_FORMAT)
        self._add_bytes(ABOUT, self.about.model_dump_json(indent=1).encode() + b"\n")
        return self

    def add(self, file: Path, name: str) -> None:
        """Add a file; one that has vanished meanwhile is left out."""
        with contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
            before = os.fstat(opened.fileno())
            self._add(name, opened, before.st_size, before.st_mtime)
            after = os.fstat(opened.fileno())
            if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                self.changed.append(name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._add_bytes(SUMS, checksum_list(self.sums))
            self._tar.close()
            if kind is None:
                for _ in checked_files(self._part):
                    pass
                self._part.replace(self.path)
        finally:
            self._part.unlink(missing_ok=True)

    def _add_bytes(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content), 0)

    def _add(self, name: str, opened: IO[bytes], size: int, modified: float) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, int(modified), 0o644
        reader = _Reader(opened, size)
        self._tar.addfile(info, reader)
        self.sums[name] = reader.digest.hexdigest()


class _Reader(io.RawIOBase):
    """Hashes what is read. A file that has become shorter since its size was stated is filled up with zeros."""

    def __init__(self, opened: IO[bytes], size: int) -> None:
        self._opened, self._left = opened, size
        self.digest = hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        wanted = self._left if count < 0 else min(count, self._left)
        content = self._opened.read(wanted)
        content += bytes(wanted - len(content))
        self._left -= wanted
        self.digest.update(content)
        return content


def about(path: Path) -> About:
    """Read what an archive is.

    Raises:
        UserError: It is not an archive that `backup` wrote.
    """
    with _opened(path) as tar:
        member = tar.next()
        stream = tar.extractfile(member) if member and member.name == ABOUT else None
        try:
            found = About.model_validate_json(stream.read() if stream else b"")
        except ValidationError as error:
            raise UserError(f"{path.name} is not a backup of the workbench; name the file of a backup.") from error
    if found.format != 1:
        raise UserError(f"{path.name} was written by a newer version, {found.software}; install that version.")
    return found


def checked_files(path: Path, into: Path | None = None) -> Iterator[str]:
    """Read a whole archive and compare all checksums; yields the names of its files as they are read.

    Args:
        path: The archive.
        into: Folder that the files are written to; None: they are only checked. They must not be used before the end.

    Raises:
        UserError: The archive is damaged or cut off, or holds something other than files below its root.
    """
    sums: dict[str, str] = {}
    listed = b""
    with _opened(path) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isreg() and _inside(member.name) else None
            if stream is None or member.name in sums:
                raise UserError(f"{path.name} holds {member.name!r}, which no backup does; nothing was restored.")
            if member.name == SUMS:
                listed = stream.read()
                continue
            if member.name == ABOUT or into is None:
                sums[member.name] = _copied(stream, None)
            else:
                sums[member.name] = _copied(stream, into / member.name)
            yield member.name
    _compare(path, sums, listed)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive without compression; damage inside the block becomes a `UserError`."""
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file; check the name.") from error
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise UserError(f"{path.name} is damaged or no backup ({error}); use another copy.") from error


def _inside(name: str) -> bool:
    """Tell whether a member is one that a backup has: with others, the settings of other programs could come along."""
    place = PurePosixPath(name)
    is_plain = ".." not in place.parts and (os.sep == "/" or "\\" not in name)
    return is_plain and bool(place.parts) and place.parts[0] in _TOPS


def _copied(stream: IO[bytes], target: Path | None) -> str:
    digest = hashlib.sha256()
    with contextlib.ExitStack() as opened:
        file = None
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            file = opened.enter_context(target.open("xb"))
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            if file:
                file.write(chunk)
    return digest.hexdigest()


def _compare(path: Path, found: Mapping[str, str], listed: bytes) -> None:
    expected = read_checksums(listed)
    wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise UserError(f"{path.name} is damaged: {wrong[0]}{more} is not what was written; use another copy.")
