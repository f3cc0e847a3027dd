"""Models: what is registered, how good, how large and how fast it is, and how to hand it on; and the starter models."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.models.importing import show_import
from pages.people.session import require_seen, seen
from pages.widgets.cards import show_card
from pages.widgets.frame import begin, empty, shown_errors
from pages.widgets.opening_table.component import show_opening_table
from pages.widgets.tasks import watched
from pages.widgets.words import as_text
from pipelines.counts import counted
from pipelines.home import home
from pipelines.jobs.tasks import task_state
from pipelines.model_ref import StarterRef, parse_model
from pipelines.release.requests import ExportRequest
from pipelines.tracking.address import is_embedded
from sem_models.starters.shelf import STARTERS, read_card

if TYPE_CHECKING:
    from pipelines.release.cards import ModelCard

# Streamlit would show a string that follows: this is the script of a page.
MODEL, VERSION = "model", "version"
_NEWEST = "Newest and promoted"
_ALL = "All versions"


def show() -> None:
    """Show the page."""
    begin("Models", "Models that have a name: how good they are, who promoted them, and how to use them elsewhere.")
    with shown_errors():
        cards = _cards()
        opened = _opened(cards)
        if opened:
            if st.button("All models", icon=":material/arrow_back:"):
                st.query_params.clear()
                st.rerun()
            from pages.models.detail import show_model

            show_model(opened)
            return
        watched(ExportRequest.use_case)
        if cards:
            _table(cards)
        else:
            empty("No model is registered yet.", "runs", "Open a finished run and register it")
    with shown_errors():
        show_import()
    st.subheader("Starter models")
    st.caption("They come with the program and can be applied at once, or be the start of a training.")
    with shown_errors():
        for name in STARTERS:
            card = read_card(name)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{StarterRef(name)}**: {card.summary}", width="content")
                st.page_link(
                    "inference/page.py", label="Apply it", icon=":material/auto_fix_high:",
                    query_params={"model": str(StarterRef(name))},
                )  # fmt: skip
            show_card(card)


def _cards() -> "list[ModelCard]":
    """Describe all versions; a store that is not there yet has none, and need not be made by MLflow for that."""
    if is_embedded() and not home().database.is_file():
        return []
    from pipelines.release.cards import card_of
    from pipelines.tracking.versions import list_versions

    return [card_of(version) for version in seen(list_versions())]


def _opened(cards: "list[ModelCard]") -> "ModelCard | None":
    """Return the version that the address names, or the one that a task of the address is about."""
    task_id = st.query_params.get(ExportRequest.use_case)
    if task_id and MODEL not in st.query_params:
        task = task_state(task_id)
        require_seen(task, "This task")
        ref = parse_model(str(task.request["model"]))
        return next((card for card in cards if card.ref == ref), None)
    name, version = (st.query_params.get(key) for key in (MODEL, VERSION))
    found = [card for card in cards if card.ref.name == name and version in (None, card.ref.version)]
    if name and not found:
        which = f"version {as_text(version)} of the model" if version else "model"
        st.warning(f"There is no {which} {as_text(name)} in this store.")
    return found[0] if found else None


def _table(cards: "list[ModelCard]") -> None:
    which = st.segmented_control("Versions", [_NEWEST, _ALL], default=_NEWEST, key="models-versions")
    newest = {card.ref.name: card.ref.version for card in reversed(cards)}
    listed = [card for card in cards if which == _ALL or card.aliases or newest[card.ref.name] == card.ref.version]
    st.caption(f"{counted(len(listed), 'version')} of {counted(len(newest), 'model')}. Click one to open it.")
    table = pd.DataFrame([_row(card) for card in listed])
    done = show_opening_table(table.loc[:, (table != "").any()], f"models-{which}")
    names = [f"{card.ref.name}, version {card.ref.version}" for card in listed]
    # The table is for the mouse.
    row = st.selectbox(
        "Version", range(len(names)), None, placeholder="Or choose one here", key=f"model-named-{which}",
        format_func=names.__getitem__, label_visibility="collapsed",
    )  # fmt: skip
    opened = done.opened if done.opened is not None else row
    if opened is not None:
        ref = listed[opened].ref
        st.query_params.update({MODEL: ref.name, VERSION: str(ref.version)})
        st.rerun()


def _row(card: "ModelCard") -> dict[str, object]:
    return {
        "model": card.ref.name,
        "version": card.ref.version,
        "aliases": ", ".join(card.aliases),
        "task": card.task,
        "trained on": card.dataset,
        "test score": card.leading,
        "parameters": f"{card.parameters:,}" if card.parameters else "",
        "size (MiB)": f"{card.size_bytes / 2**20:.1f}" if card.size_bytes else "",
        "s per megapixel": f"{card.s_per_mp:.3g}" if card.s_per_mp is not None else "",
        "licence": card.licence,
        "registered (UTC)": card.created.replace(tzinfo=None) if card.created else None,
    }


show()
