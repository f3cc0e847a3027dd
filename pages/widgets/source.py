"""Where raw files come from: a folder on the server, or files uploaded from the browser."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from pages.people.files import largest_upload_mb, server_path, uploads_folder
from pages.people.session import signed_in
from pipelines.data.uploads import Check, keep_upload, require_different_names, require_pixels, require_unpacked
from sem_models.images.io.read import readable_suffixes
from sem_models.inference.foreign.suffixes import FOREIGN_SUFFIXES

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


@dataclass(frozen=True)
class FileKind:
    """Files that can be given."""

    what: str
    """In the singular."""
    suffixes: Callable[[], Collection[str]]
    example: str
    """A path on a server."""
    check: Check


MICROGRAPH: Final = FileKind("micrograph", readable_suffixes, "/data/sem/session-12/image-3.tif", require_pixels)
MODEL_FILE: Final = FileKind("model file", lambda: FOREIGN_SUFFIXES, "/data/models/x4.safetensors", require_unpacked)


def choose_source(label: str, key: str, name: str, given: str = "", what: str = "files") -> Path | None:
    """Ask for a folder or file on the server, or for uploads, which get a folder of their own below `uploads`.

    Args:
        label: Asks for the folder or file.
        key: Names the widgets among those of the page.
        name: Begins the name of the folder of uploads.
        given: Path on the server that is there at first.
        what: What the files are, in the plural.
    """
    way = st.segmented_control(
        f"Where the {what} are", ["On the server", "On this computer"], default="On the server", key=f"{key}-way"
    )
    if way == "On the server":
        text = st.text_input(label, given, placeholder="/data/sem/session-12", key=f"{key}-folder").strip()
        return server_path(text)
    files = st.file_uploader(
        f"Upload {what}",
        type=_types(),
        accept_multiple_files=True,
        key=f"{key}-files",
        max_upload_size=largest_upload_mb(),
    )
    return _kept(files, name) if files and name else None


def drop_file(key: str, kind: FileKind = MICROGRAPH) -> Path | None:
    """Ask for one file, dropped from this computer or named on the server."""
    file = st.file_uploader(
        f"Drop a {kind.what} here", type=_types(kind), key=f"{key}-file", max_upload_size=largest_upload_mb()
    )
    if file:
        return _kept([file], key, kind) / Path(file.name).name
    return server_path(st.text_input("Or a file on the server", placeholder=kind.example, key=f"{key}-path").strip())


def _types(kind: FileKind = MICROGRAPH) -> list[str]:
    return sorted(suffix.removeprefix(".") for suffix in kind.suffixes())


def _kept(files: "Sequence[UploadedFile]", name: str, kind: FileKind = MICROGRAPH) -> Path:
    """Write uploads into a folder of their own, once."""
    sent = sorted((file.name, _digest(file)) for file in files)
    require_different_names(sent)
    digest = hashlib.sha256(repr(sent).encode()).hexdigest()[:8]
    folder = uploads_folder() / f"{Path(name).name}-{digest}"
    for file in files:
        keep_upload(folder, file.name, file.getbuffer(), signed_in(), kind.check)
    return folder


def _digest(file: "UploadedFile") -> str:
    """Hash the content, once for each upload: two files of a microscope often share name and size."""
    known: dict[str, str] = st.session_state.setdefault("upload-digests", {})
    if file.file_id not in known:
        known[file.file_id] = hashlib.sha256(file.getbuffer()).hexdigest()
    return known[file.file_id]
