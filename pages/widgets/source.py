"""Where raw files come from: a folder on the server, or files uploaded from the browser."""

import hashlib
from pathlib import Path

import streamlit as st

from pipelines.home import home
from sem_models.images.io.read import readable_suffixes


def choose_source(label: str, key: str, name: str, what: str = "files") -> Path | None:
    """Ask for a folder or file on the server, or for uploads, which get a folder of their own below `uploads`.

    Args:
        label: Of the field for the folder.
        key: Of the widgets.
        name: Beginning of the name of the folder for uploads.
        what: What the files are, in the plural.
    """
    way = st.segmented_control(
        f"Where the {what} are", ["On the server", "On this computer"], default="On the server", key=f"{key}-way"
    )
    if way == "On the server":
        text = st.text_input(label, placeholder="/data/sem/session-12", key=f"{key}-folder").strip()
        return Path(text).expanduser() if text else None
    types = sorted(suffix.removeprefix(".") for suffix in readable_suffixes())
    files = st.file_uploader(f"Upload {what}", type=types, accept_multiple_files=True, key=f"{key}-files")
    if not files or not name:
        return None
    content = repr(sorted((file.name, file.size) for file in files))
    folder = home().root / "uploads" / f"{Path(name).name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        target = folder / Path(file.name).name
        if not target.exists() or target.stat().st_size != file.size:
            target.write_bytes(file.getbuffer())
    return folder
