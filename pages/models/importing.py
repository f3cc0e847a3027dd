"""A model that was trained elsewhere: its file, name and licence; then what was recognised, and the way to use it."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.people.session import signed_in
from pages.widgets.source import MODEL_FILE, drop_file
from pages.widgets.tasks import launch, watched
from pages.widgets.words import as_text, on_page
from pipelines.counts import counted
from pipelines.people.permissions import Action, may
from pipelines.release.requests import ImportRequest, RestorationTask
from sem_models.errors import UserError
from sem_models.names import new_name

IMPORT = "import"
_TASKS: dict[RestorationTask | None, str] = {
    None: "Found out: enlarging if it enlarges, else removing noise",
    "super-resolution": "Enlarging",
    "denoising": "Removing noise",
    "refocusing": "Refocusing",
}


def show_import() -> None:
    """Show the form, and above it how an import goes on or what it found."""
    with st.expander("Import a model", expanded=IMPORT in st.query_params):
        _found()
        _form()


def _form() -> None:
    st.caption(
        "Published weights that restore or enlarge images (.safetensors, .pth), or a BioImage.IO package (.zip). "
        "No program in the file is run. The model is kept only if its output here is that of the original program."
    )
    left, right = st.columns(2, gap="large")
    with left:
        file = drop_file("import", MODEL_FILE)
    with right:
        name = st.text_input("Name", _suggested(file), key=f"import-name-{file.name if file else ''}")
        licence = st.text_input("Licence", placeholder="MIT", key="import-licence")
        task = st.selectbox("What it does", list(_TASKS), format_func=_TASKS.__getitem__, key="import-task")
    allowed = may(signed_in(), Action.WORK)
    if st.button("Import", type="primary", icon=":material/download:", disabled=not (file and allowed)):
        if not file:
            return
        launch(IMPORT, ImportRequest(file=file, name=name, licence=licence, task=task))
        st.rerun()


def _suggested(file: Path | None) -> str:
    """Return the name of the file, where a model may be called so."""
    try:
        return new_name(file.stem) if file else ""
    except (UserError, ValueError):
        return ""


def _found() -> None:
    """Show what the import that the address names recognised."""
    state = watched(IMPORT)
    if not state or not state.result:
        return
    found = state.result
    st.success(f"**{as_text(found['name'])}**, version {found['version']}, is registered.", icon=":material/check:")
    st.table(_facts(found), border="horizontal", hide_header=True)
    st.caption(on_page(str(found["summary"])))
    with st.container(horizontal=True):
        chosen = {"model": str(found["model"])}
        st.page_link("inference/page.py", label="Restore with it", icon=":material/auto_fix_high:", query_params=chosen)
        card = {"model": str(found["name"]), "version": str(found["version"])}
        st.page_link("models/page.py", label="Its card", icon=":material/badge:", query_params=card)


def _facts(found: dict[str, Any]) -> dict[str, str]:
    scale = found["scale"]
    grey = (
        "made for grey images" if found["channels"] == 1 else "made for colour; a grey image is given in each channel"
    )
    return {
        "Architecture": as_text(str(found["architecture"])),
        "Scale": f"enlarges {scale} times" if scale > 1 else "keeps the size",
        "Channels": f"{counted(found['channels'], 'channel')}: {grey}",
        "Largest difference from the original's output": f"{found['difference']:.1e} of its span",
        "Licence": as_text(str(found["licence"])) or "not stated",
    }
