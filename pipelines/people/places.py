"""Where on the server a person's files may lie: an allow-list of folders, which nothing leads out of."""

import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from pipelines.home import home
from pipelines.people.lab import find_lab
from pipelines.people.person import Person
from sem_models.errors import UserError
from sem_models.names import quoted

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of control, direction and separator characters, which make a path read as another one."""


def folder_of(place: Path, person: Person) -> Path:
    """Return the part of a place that belongs to a person; at a desk, all of it."""
    return place if person.is_local else place / person.folder


class Places:
    """The folders that one person may read from and write to."""

    def __init__(
        self, readable: tuple[Path, ...] | None, writable: tuple[Path, ...], closed: Path | None = None
    ) -> None:
        """Allow folders and what is below them.

        Args:
            readable: None allows every folder that the operating system allows.
            writable: Folders for results, which may be read as well.
            closed: A folder that holds what belongs to others. One of `readable` above it opens nothing in it.
        """
        self._readable = None if readable is None else tuple(_real(path) for path in (*readable, *writable))
        self._writable = tuple(_real(path) for path in writable)
        self._closed = _real(closed) if closed else None
        self._named = readable or ()

    @classmethod
    def of(cls, person: Person) -> "Places":
        """Return the places of a person: all at a desk; in a lab, their own and the roots of their role."""
        if person.is_local:
            return cls(None, ())
        lab = find_lab()
        own = tuple(folder_of(place, person) for place in (home().uploads, home().results, home().exports))
        return cls(lab.roots_of(person.role) if lab else (), own, home().root)

    def require_readable(self, path: Path) -> None:
        """Refuse a file or folder outside these places, or one that contains a way out or something else than files.

        Raises:
            UserError: The path is outside, whether it exists or not, or is no plain path.
        """
        if self._readable is None:
            return
        real = _real(_plain(path))
        if not self._may_read(real):
            raise self._outside(path)
        if self._closed and self._closed.is_relative_to(real):
            raise UserError(f"{quoted(str(path))} contains the data of the workbench; name the folder of your images.")
        for found in _everything(real):
            if found.is_symlink() and not self._may_read(_real(found)):
                raise UserError(f"{quoted(str(found))} leads out of the folders that you may use; remove that link.")
            if not _is_plain_file(found):
                raise UserError(f"{quoted(str(found))} is neither a file nor a folder; remove it.")

    def require_writable(self, path: Path) -> None:
        """Refuse a result outside the person's own folders; raises `UserError`."""
        if self._readable is not None and not _is_below(_real(_plain(path)), self._writable):
            raise UserError(f"{quoted(str(path))} is not in your folder for results.")

    def _may_read(self, real: Path) -> bool:
        """Tell whether a folder that may be read leads to a path; into the closed one, only one inside it does."""
        folders = self._readable or ()
        if self._closed and real.is_relative_to(self._closed):
            folders = tuple(one for one in folders if one != self._closed and one.is_relative_to(self._closed))
        return _is_below(real, folders)

    def _outside(self, path: Path) -> UserError:
        roots = ", ".join(str(root) for root in self._named)
        use = f"these are {roots}" if roots else "there are none for your role: upload the files instead"
        return UserError(f"{quoted(str(path))} is not in a folder of the server that you may use; {use}.")


def _plain(path: Path) -> Path:
    """Return a path that is whole and means what it looks like; raises `UserError` for any other."""
    text = str(path)
    if any(unicodedata.category(character) in _INVISIBLE for character in text):
        raise UserError(f"{quoted(text)} contains characters that cannot be seen; type the path by hand.")
    if not path.is_absolute() or ".." in path.parts:
        raise UserError(f"{quoted(text)} is not a whole path; write it from the root of the server, without '..'.")
    return path


def _real(path: Path) -> Path:
    """Follow all links; of a path that does not exist, those of the folders that do.

    Raises:
        UserError: Links form a circle, or a name is too long.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise UserError(f"{quoted(str(path))} cannot be followed to a file.") from error


def _is_below(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _everything(place: Path) -> Iterator[Path]:
    """List a file, or all that a folder contains, links included, which are not followed."""
    yield place
    for folder, folders, files in os.walk(place):
        for name in (*folders, *files):
            yield Path(folder, name)


def _is_plain_file(path: Path) -> bool:
    """Tell whether this is a file, a folder or nothing; opening a pipe would wait for ever."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return True  # whoever reads it says what is wrong
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
