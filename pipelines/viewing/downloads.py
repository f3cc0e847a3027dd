"""What a browser can download: it is read or made when it is asked for, and sent piece by piece."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sem_models.errors import UserError

_CHUNK_BYTES = 1 << 20


class Download(Protocol):
    """A file for a browser."""

    @property
    def name(self) -> str:
        """Of the file, with its ending."""

    @property
    def media_type(self) -> str:
        """What is in it, as HTTP names it."""

    def check(self) -> None:
        """Raise a `UserError` where it cannot be had: once sending has begun, nothing can be said any more."""

    def pieces(self) -> Iterator[bytes]:
        """Return its content, piece by piece."""


@dataclass(frozen=True)
class FileDownload:
    """A file of the disk, byte for byte."""

    path: Path
    media_type: str = "application/octet-stream"
    saved_as: str = ""
    """Under which name the browser saves it; empty: its own."""

    @property
    def name(self) -> str:
        """Of the file, with its ending."""
        return self.saved_as or self.path.name

    def check(self) -> None:
        """Raise a `UserError` if the file is no longer there."""
        if not self.path.is_file():
            raise UserError(f"{self.name}: no longer on the disk. Make it again.")

    def pieces(self) -> Iterator[bytes]:
        """Read the file, 1 MiB at a time."""
        with self.path.open("rb") as source:
            while chunk := source.read(_CHUNK_BYTES):
                yield chunk


@dataclass(frozen=True)
class MadeDownload:
    """A file that is made each time somebody asks for it, by `make` from what it is `asked`."""

    name: str
    media_type: str
    make: Callable[..., bytes]
    asked: tuple[Any, ...] = ()

    def check(self) -> None:
        """Do nothing: what is wrong is found while the file is made."""

    def pieces(self) -> Iterator[bytes]:
        """Make the file, before anything of it is sent; whatever `make` raises is raised here."""
        return iter((self.make(*self.asked),))
