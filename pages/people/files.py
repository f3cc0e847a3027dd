"""Files of the person of this session: what they may name on the server, and where their own are kept."""

from pathlib import Path

import streamlit as st

from pages.people.session import signed_in
from pipelines.home import home
from pipelines.people.lab import find_lab
from pipelines.people.person import Person
from pipelines.people.places import Places, folder_of
from sem_models.errors import UserError

_AGAIN_S = 30


def server_path(text: str) -> Path | None:
    """Return the file or folder that somebody named; None, with the reason shown, where they may not use it."""
    if not text.strip():
        return None
    person = signed_in()
    path = Path(text.strip())
    path = path.expanduser() if person.is_local else path
    try:
        _require(str(path), person.id, _roots_of(person))
    except UserError as error:
        st.error(str(error), icon=":material/block:")
        return None
    return path


@st.cache_data(ttl=_AGAIN_S, max_entries=200, show_spinner=False)
def _require(path: str, person_id: str, roots: tuple[str, ...]) -> None:  # noqa: ARG001  (places differ by both)
    """Look through a folder once, not at each rerun; work that is started looks again."""
    Places.of(signed_in()).require_readable(Path(path))


def _roots_of(person: Person) -> tuple[str, ...]:
    """Return the roots of a person as they are now: another role or another `lab.toml` counts at once."""
    lab = find_lab()
    return tuple(map(str, lab.roots_of(person.role))) if lab else ()


def uploads_folder() -> Path:
    """Return the folder for what this person uploads."""
    return folder_of(home().uploads, signed_in())


def results_folder() -> Path:
    """Return the folder for what models make for this person."""
    return folder_of(home().results, signed_in())


def exports_folder() -> Path:
    """Return the folder for models that are written for this person."""
    return folder_of(home().exports, signed_in())


def largest_upload_mb() -> int | None:
    """Return how large an uploaded file may be, in 1e6 bytes; None leaves it to the server."""
    lab = find_lab()
    return lab.upload_mb if lab else None
