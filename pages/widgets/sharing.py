"""Whose a run or a dataset is, and whether the lab may see it; nothing at a desk."""

import streamlit as st

from pages.people.session import signed_in
from pages.widgets.frame import shown_errors
from pages.widgets.words import as_text
from pipelines.jobs.sharing import share_dataset, share_run
from pipelines.people.dataset_owner import dataset_ownership
from pipelines.people.permissions import Action, may
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo

_LABEL = "Shared with the lab"
_HELP = (
    "Everybody who may sign in sees it: of a run its settings, scores and samples, of a dataset its images. Only you "
    "and admins can change it."
)
_CHOICE = "shared-datasets"


def show_run_sharing(run: RunInfo, what_it_means: str = _HELP) -> None:
    """Let the owner of a run or a study share it, and tell everybody else whose it is."""
    person = signed_in()
    if person.is_local:
        return
    if not may(person, Action.CHANGE, run.ownership):
        st.caption(f"Made by {as_text(run.tags.get(Tag.OWNER_NAME, 'nobody known'))}.")
        return
    key = f"share-{run.run_id}"
    # A page that stays open shows what others have changed; compared with the store, its old state would undo it.
    st.session_state[key] = run.ownership.shared
    st.toggle(_LABEL, help=what_it_means, key=key, on_change=_share_run, args=(run.run_id, key))


def choose_shared_datasets(names: list[str]) -> None:
    """Let the owner of datasets choose which of them the lab sees."""
    person = signed_in()
    if person.is_local:
        return
    known = {name: dataset_ownership(name) for name in names}
    offered = [name for name, whose in known.items() if whose.owner and may(person, Action.CHANGE, whose)]
    if offered:
        shared = [name for name in offered if known[name].shared]
        st.session_state[_CHOICE] = shared
        st.multiselect(_LABEL, offered, help=_HELP, key=_CHOICE, on_change=_share_datasets, args=(shared,))
    if ownerless := [name for name, whose in known.items() if not whose.owner]:
        listed = ", ".join(map(as_text, ownerless))
        st.caption(f"Prepared before people signed in here, so that everybody sees them: {listed}.")


def _share_run(run_id: str, key: str) -> None:
    with shown_errors():
        share_run(run_id, st.session_state[key], signed_in())


def _share_datasets(shown: list[str]) -> None:
    """Change what differs from what was shown; what others have changed meanwhile stays."""
    with shown_errors():
        chosen = st.session_state[_CHOICE]
        for name in sorted({*chosen} ^ {*shown}):
            share_dataset(name, name in chosen, signed_in())
