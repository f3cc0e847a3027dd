"""The name, labels and note of a run, and whether it is archived."""

from dataclasses import asdict

import streamlit as st

from pages.people.session import require_own, signed_in
from pages.widgets.frame import shown_errors
from pages.widgets.words import as_note, as_text
from pipelines.tracking.address import PAGES, mlflow_page
from pipelines.tracking.annotations import archive, is_archived, labels_of, note_of
from pipelines.tracking.description import ChangedMeanwhile, Description, describe_run
from pipelines.tracking.runs import RunInfo

_NO_LINK = (
    f"A link to this run in MLflow stands here once MLflow's own pages are served and `{PAGES}` states their address; "
    "the guide to the tracking store says how."
)


def show_notes(run: RunInfo) -> None:
    """Show what people say about the run."""
    labels = " ".join(f":blue-badge[{as_text(label)}]" for label in labels_of(run))
    archived = ":gray-badge[archived]" if is_archived(run) else ""
    if labels or archived:
        st.markdown(f"{labels} {archived}")
    if note := note_of(run):
        st.markdown(as_note(note))


def edit_notes(run: RunInfo) -> None:
    """Let the user change what people say about the run, and look at it in MLflow."""
    with st.popover("Name, labels and note", icon=":material/edit_note:"), shown_errors():
        _form(run)
        with st.container(horizontal=True):
            _archive(run)
            address = mlflow_page(run.experiment_id, run.run_id)
            if address:
                st.link_button("Open in MLflow", address, icon=":material/open_in_new:")
        if not address:
            st.caption(_NO_LINK)


def _form(run: RunInfo) -> None:
    shown = _filled(run)
    # In a form, so that half a note is not written at each pause.
    with st.form(f"notes-{run.run_id}", border=False):
        name = st.text_input("Name", key=f"name-{run.run_id}")
        labels = st.text_input("Labels", key=f"labels-{run.run_id}", help="A comma separates two.")
        note = st.text_area("Note", key=f"note-{run.run_id}", help="Markdown; MLflow's own pages show it, too.")
        if st.form_submit_button("Save", icon=":material/save:"):
            _save(run.run_id, shown, Description(name, labels, note))


def _filled(run: RunInfo) -> Description:
    """Fill the form once, and return what it was filled with; later changes of others do not replace what is typed."""
    begun = _begun(run.run_id)
    filled = Description.of(run)
    texts = {f"{field}-{run.run_id}": text for field, text in asdict(filled).items()}
    if begun not in st.session_state or any(key not in st.session_state for key in texts):
        st.session_state[begun] = filled
        st.session_state.update(texts)
    shown: Description = st.session_state[begun]
    return shown


def _begun(run_id: str) -> str:
    return f"notes-begun-{run_id}"


def _save(run_id: str, shown: Description, wanted: Description) -> None:
    try:
        describe_run(run_id, shown, wanted, signed_in())
    except ChangedMeanwhile as error:
        st.session_state[_begun(run_id)] = error.shown
        raise
    del st.session_state[_begun(run_id)]
    st.rerun()


def _archive(run: RunInfo) -> None:
    archived = is_archived(run)
    label, icon = ("Back into the list", ":material/unarchive:") if archived else ("Archive", ":material/archive:")
    if st.button(label, icon=icon, key=f"archive-{run.run_id}", help="Lists leave it out; nothing is deleted."):
        require_own([run], "This run")
        archive([run.run_id], not archived, signed_in())
        st.rerun()
