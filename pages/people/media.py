"""Pictures and downloads that Streamlit holds for browsers: each belongs to the person on whose page it was made.

Streamlit names them by a digest of their content, of large ones by a digest of parts, and gives them to whoever knows
the name. Here the name is of one person: nobody else can compute it, and the door lets nobody else use it.
"""

import hashlib
import hmac
import secrets
from pathlib import Path

from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryFile, MemoryMediaFileStorage

from pages.people.session import signed_in
from pipelines.people.person import Person
from sem_models.errors import UserError

_SECRET = secrets.token_bytes(32)
_DIGITS = 40
"""Of the digest of the content, and of the seal that follows it."""


def name_files_by_person(manager: MediaFileManager) -> None:
    """Let a server keep the files of different people apart, also where they are equal."""
    storage = manager._storage
    if not isinstance(storage, MemoryMediaFileStorage):
        raise TypeError(f"Streamlit keeps files in {type(storage).__name__}, which may give them to anybody.")

    def load_and_get_id(
        path_or_data: str | bytes, mimetype: str, kind: MediaFileKind, filename: str | None = None
    ) -> str:
        content = Path(path_or_data).read_bytes() if isinstance(path_or_data, str) else path_or_data
        facts = hashlib.sha256(repr((mimetype, filename)).encode())
        facts.update(content)
        digest = facts.hexdigest()[:_DIGITS]
        file_id = digest + _seal(digest, _owner())
        storage._files_by_id.setdefault(file_id, MemoryFile(content, mimetype, kind, filename))
        return file_id

    storage.load_and_get_id = load_and_get_id  # type: ignore[method-assign]


def is_of(file_name: str, person: Person) -> bool:
    """Tell whether a file, named as in its address, was made on a page of a person."""
    digest, seal = file_name[:_DIGITS], file_name[_DIGITS:].partition(".")[0]
    return hmac.compare_digest(seal.encode(), _seal(digest, person.id).encode())


def _owner() -> str:
    """Return the id of whose page this is; empty, which is nobody's, before somebody has signed in."""
    try:
        return signed_in().id
    except UserError:
        return ""


def _seal(digest: str, person_id: str) -> str:
    return hmac.new(_SECRET, f"{digest} {person_id}".encode(), "sha256").hexdigest()[:_DIGITS]
