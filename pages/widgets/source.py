"""Where raw files come from: a folder on the server, or files uploaded from the browser."""

import hashlib
from pathlib import Path

import streamlit as st

from pages.people.files import largest_upload_mb, server_path, uploads_folder
from pages.people.session import signed_in
from pipelines.data.uploads import keep_upload
from sem_models.images.io.read import readable_suffixes


def choose_source(label: str, key: str, name: str) -> Path | None:
    """Ask for a folder or file on the server, or for uploads, which get a folder of their own below `uploads`."""
    way = st.segmented_control(
        "Where the files are", ["On the server", "On this computer"], default="On the server", key=f"{key}-way"
    )
    if way == "On the server":
        text = st.text_input(label, placeholder="/data/sem/session-12", key=f"{key}-folder").strip()
        return server_path(text)
    types = sorted(suffix.removeprefix(".") for suffix in readable_suffixes())
    files = st.file_uploader(
        "Micrographs", type=types, accept_multiple_files=True, key=f"{key}-files", max_upload_size=largest_upload_mb()
    )
    if not files or not name:
        return None
    content = repr(sorted((file.name, file.size) for file in files))
    folder = uploads_folder() / f"{Path(name).name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
    for file in files:
        keep_upload(folder, file.name, file.getbuffer(), signed_in())
    return folder
