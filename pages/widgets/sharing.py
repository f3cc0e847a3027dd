"""Whose a run or a dataset is, and whether the lab may see it; nothing at a desk."""

import streamlit as st

from pages.people.session import signed_in
from pages.widgets.words import as_text
from pipelines.jobs.sharing import share_dataset, share_run
from pipelines.people.dataset_owner import dataset_ownership
from pipelines.people.permissions import Action, may
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo

_LABEL = "Shared with the lab"
_HELP = "Everybody who may sign in sees it, with its settings and images. Only you and admins can change it."


def show_run_sharing(run: RunInfo) -> None:
    """Let the owner of a run share it, and tell everybody else whose it is."""
    person = signed_in()
    if person.is_local:
        return
    if not may(person, Action.CHANGE, run.ownership):
        st.caption(f"Made by {as_text(run.tags.get(Tag.OWNER_NAME, 'nobody known'))}.")
        return
    wanted = st.toggle(_LABEL, run.ownership.shared, help=_HELP, key=f"share-{run.run_id}")
    if wanted != run.ownership.shared:
        share_run(run.run_id, wanted, person)
        st.rerun()


def choose_shared_datasets(names: list[str]) -> None:
    """Let the owner of datasets choose which of them the lab sees."""
    person = signed_in()
    if person.is_local:
        return
    owned = {name: whose for name in names if may(person, Action.CHANGE, whose := dataset_ownership(name))}
    shared = [name for name, whose in owned.items() if whose.is_visible]
    if not owned:
        return
    wanted = st.multiselect(_LABEL, list(owned), shared, help=_HELP, key="shared-datasets")
    changed = set(wanted) ^ set(shared)
    for name in changed:
        share_dataset(name, name in wanted, person)
    if changed:
        st.rerun()
