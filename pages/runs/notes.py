"""The name, labels and note of a run, and whether it is archived."""

import streamlit as st

from pages.people.session import require_own, signed_in
from pages.widgets.frame import shown_errors
from pages.widgets.words import as_note, as_text
from pipelines.people.audit import record
from pipelines.tracking.address import PAGES, mlflow_page
from pipelines.tracking.annotations import (
    archive,
    is_archived,
    labels_of,
    note_of,
    rename_run,
    set_labels,
    write_note,
)
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
    # In a form, so that half a note is not written at each pause.
    with st.form(f"notes-{run.run_id}", border=False):
        name = st.text_input("Name", run.name, key=f"name-{run.run_id}")
        labels = st.text_input(
            "Labels", ", ".join(labels_of(run)), key=f"labels-{run.run_id}", help="A comma separates two."
        )
        note = st.text_area(
            "Note", note_of(run), key=f"note-{run.run_id}", help="Markdown; MLflow's own pages show it, too."
        )
        if st.form_submit_button("Save", icon=":material/save:"):
            require_own([run], "This run")
            if name != run.name:
                rename_run(run.run_id, name)
            set_labels(run.run_id, labels.split(","))
            write_note(run.run_id, note)
            record(signed_in(), "describe", f"run {run.run_id}")
            st.rerun()


def _archive(run: RunInfo) -> None:
    archived = is_archived(run)
    label, icon = ("Back into the list", ":material/unarchive:") if archived else ("Archive", ":material/archive:")
    if st.button(label, icon=icon, key=f"archive-{run.run_id}", help="Lists leave it out; nothing is deleted."):
        require_own([run], "This run")
        archive([run.run_id], not archived, signed_in())
        st.rerun()
