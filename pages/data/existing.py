"""The datasets that have been prepared."""

import pandas as pd
import streamlit as st

from pages.people.session import seen_datasets
from pages.widgets.frame import shown_errors
from pages.widgets.sharing import choose_shared_datasets
from pages.widgets.words import as_note
from pipelines.data.card import card_text, find_card
from pipelines.data.datasets import list_datasets
from pipelines.data.find import find_dataset
from sem_models.datasets.manifest import Manifest
from sem_models.errors import UserError


def show_datasets() -> None:
    """Show a table of all prepared datasets, and the card of one."""
    st.subheader("Datasets")
    names = seen_datasets(list_datasets())
    if not names:
        st.caption("None yet.")
        return
    table = pd.DataFrame([_row(name) for name in names]).dropna(axis=1, how="all")
    st.dataframe(table.loc[:, (table != "").any()].fillna(""), hide_index=True)
    choose_shared_datasets(names)
    chosen = st.selectbox("Card of", names, index=None, placeholder="a dataset", key="card-of")
    if chosen:
        st.page_link(
            "train/page.py", label="Train on it", icon=":material/model_training:", query_params={"dataset": chosen}
        )
        with shown_errors(), st.container(border=True):
            show_card(chosen)


def show_card(name: str) -> None:
    """Show the card of a dataset, whose words are those of its owner."""
    st.markdown(as_note(card_text(find_card(find_dataset(name)))).replace("# ", "#### ", 1))


def _channels(manifest: Manifest) -> str:
    """Return `1`, or `6 → 1` from input to target; masks have no channels."""
    found = {array.role: array.shape[2] for entry in manifest.entries for array in entry.arrays}
    return " → ".join(str(found[role]) for role in ("image", "input", "target") if role in found)


def _row(name: str) -> dict[str, object]:
    try:
        dataset = find_dataset(name)
    except UserError as error:
        return {"name": name, "problem": str(error)}
    counts = {split: len(dataset.entries(split)) for split in ("train", "val", "test")}
    sizes = {array.pixel_size_nm for entry in dataset.manifest.entries for array in entry.arrays} - {None}
    pixel = ", ".join(f"{size:.4g}" for size in sorted(size for size in sizes if size)) or "unknown"
    groups = len({entry.group for entry in dataset.manifest.entries})
    classes = str(len(dataset.manifest.label_values) or "")
    return {
        "name": name, "kind": dataset.manifest.kind, **counts, "groups": groups,
        "channels": _channels(dataset.manifest), "classes": classes,
        "pixel size (nm)": pixel, "digest": dataset.digest[:12],
    }  # fmt: skip
