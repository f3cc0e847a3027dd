"""Files that people send from their browsers: kept where they belong, and refused where they are too large."""

import contextlib
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pipelines.jobs.quotas import within_quota
from pipelines.people.audit import record
from pipelines.people.lab import find_lab
from pipelines.people.permissions import Action, require
from pipelines.people.person import Person
from sem_models.errors import UserError
from sem_models.images.io.read import read_pages
from sem_models.names import one_folder, quoted

_MB = 10**6


Check = Callable[[Path, str, Person], None]
"""Refuses an upload that lies at a path, by the name that it was sent with; raises `UserError`."""


def require_pixels(path: Path, name: str, by: Person) -> None:
    """Decode an image page by page; headers that announce too much are refused before anything is decoded."""
    lab = None if by.is_local else find_lab()
    if lab is None:
        return
    decoded = 0
    try:
        for page in read_pages(path, lab.upload_megapixels * _MB):
            decoded += page.pixels.nbytes
            if decoded > lab.upload_decoded_mb * _MB:
                raise UserError(f"{path.name}: its pages take more than {lab.upload_decoded_mb} MB when decoded.")
    except UserError as error:
        raise UserError(str(error).replace(path.name, name)) from error


def require_unpacked(path: Path, name: str, by: Person) -> None:
    """Refuse the file of a model that announces more than an image may take when it is unpacked."""
    lab = None if by.is_local else find_lab()
    if lab is None or not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile as error:
        raise UserError(f"{name} is damaged; send it again.") from error
    if unpacked > lab.upload_decoded_mb * _MB:
        raise UserError(f"{name}: it takes more than {lab.upload_decoded_mb} MB when unpacked.")


def require_different_names(sent: Iterable[tuple[str, str]]) -> None:
    """Refuse several files of one name, which one folder cannot hold; the same file twice is one file.

    Args:
        sent: Name and digest of the content of each file.

    Raises:
        UserError: Files of different content have one name.
    """
    known: dict[str, str] = {}
    for name, digest in sent:
        plain = _plain_name(name)
        if known.setdefault(plain, digest) != digest:
            raise UserError(
                f"Several different files are called {quoted(plain)}, and only one of them could be kept: give them "
                "different names, for example with the name of their specimen in front, and upload them again."
            )


def keep_upload(
    folder: Path, name: str, content: "bytes | memoryview[Any]", by: Person, check: Check = require_pixels
) -> Path:
    """Write an uploaded file into a folder of the person, unless it is there; return its path.

    In a lab, a file that is larger than allowed, as it is or by `check`, is not kept, and the refusal is recorded.

    Raises:
        UserError: The file is too large or not what it should be, or the person may not upload or has no space left.
    """
    path = folder / _plain_name(name)
    if path.is_file() and path.stat().st_size == len(content):
        return path
    with _recorded_refusal(by, name):
        require(by, Action.WORK)
        _require_size(name, len(content), by)
        with within_quota(by):
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / f".{uuid.uuid4().hex}{path.suffix}"
            try:
                part.write_bytes(content)
                check(part, name, by)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
    if not by.is_local:
        record(by, "upload", f"{path.name}, {len(content)} bytes")
    return path


def _plain_name(name: str) -> str:
    """Return the last part of a path as a browser sent it; raises `UserError` where it cannot be seen as it is."""
    plain = name.replace("\\", "/").rpartition("/")[2]
    try:
        if not plain.isprintable() or plain.startswith("."):
            raise ValueError("is no plain name of a file")
        return one_folder(plain)
    except ValueError as error:
        raise UserError(f"{quoted(name)} {error}; rename the file before you upload it.") from error


@contextlib.contextmanager
def _recorded_refusal(by: Person, name: str) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        if not by.is_local:
            record(by, "refused", f"upload of {name}: {error}")
        raise


def _require_size(name: str, size: int, by: Person) -> None:
    lab = None if by.is_local else find_lab()
    if lab and size > lab.upload_mb * _MB:
        raise UserError(f"{name} has {size / _MB:.4g} MB, and {lab.upload_mb} MB are allowed; ask for a shared folder.")
