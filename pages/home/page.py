"""Home: drop a micrograph, see it with its facts, restore it; what was done lately; the way to models of one's own."""

import shutil
from pathlib import Path

import psutil
import streamlit as st

from pages.home.learning import show_learning
from pages.home.opened import show_opened
from pages.home.recent import show_recent
from pages.people.files import server_path, uploads_folder
from pages.people.session import signed_in
from pages.widgets.frame import heading, shown_errors
from pages.widgets.source import drop_file
from pages.widgets.words import as_text
from pipelines.counts import counted
from pipelines.home import home
from pipelines.jobs.slots import slot_names
from pipelines.people.permissions import Action, may
from pipelines.tracking.address import public_address

FILE = "file"  # parameter of the address that names the opened file


def show() -> None:
    """Show the page: first the image, which is what people come for."""
    asked = st.query_params.get(FILE, "")
    path = server_path(asked)
    if path:
        _opened(path)
    else:
        heading("SEM Workbench", "See a micrograph, restore it, and train models on your own images.")
        with shown_errors():
            _ask()
    with shown_errors():
        left, right = st.columns(2, gap="large")
        with left:
            show_recent()
        with right:
            show_learning()
    with shown_errors():
        _machine()


def _ask() -> None:
    """Ask for a micrograph; one that was given stands in the address from then on."""
    path = drop_file("home")
    # It is written among the uploads, which viewers have none of.
    allowed = may(signed_in(), Action.WORK)
    if allowed and st.button("Try a simulated micrograph", icon=":material/science:", type="tertiary"):
        from pipelines.data.sample import sample_micrograph

        path = sample_micrograph(uploads_folder())
    if path:
        st.query_params[FILE] = str(path)
        st.rerun()


def _opened(path: Path) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        with st.container(width="content"):
            heading(path.name, "")
        if st.button("Another micrograph", icon=":material/arrow_back:"):
            del st.query_params[FILE]
            st.rerun()
    with shown_errors():
        show_opened(path)


def _machine() -> None:
    """Say in one small line where this runs and where everything is kept."""
    slots = slot_names()
    device = counted(len(slots), "GPU") if slots[0].startswith("gpu") else f"CPU, {psutil.cpu_count()} cores"
    memory = psutil.virtual_memory().available / 2**30
    free = shutil.disk_usage(home().root).free / 2**30
    st.caption(
        f"{device}, {memory:.1f} GiB of memory and {free:.0f} GiB of disk free. Files in {as_text(str(home().root))}, "
        f"runs in {as_text(public_address())}."
    )


show()
