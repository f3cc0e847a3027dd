"""What somebody has to learn from: a dataset, and what its images are like."""

import streamlit as st

from pages.widgets.words import as_text
from pipelines.data.find import find_dataset
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.tasks.material import Material, materials_of


def choose_dataset(names: list[str], start: str | None = None) -> Dataset | None:
    """Let the user choose among all datasets, and describe the chosen one; `start` is chosen first.

    Returns:
        The dataset; None as long as none is chosen instead of one that is no longer there.

    Raises:
        UserError: The chosen dataset is damaged.
    """
    kinds = {name: _kind(name) for name in names}
    first = names[0] if start is None else start
    name: str | None = st.selectbox(
        "What do you have?",
        names,
        names.index(first) if first in names else None,
        format_func=lambda name: f"{name} ({kinds[name]})",
        key="dataset",
        placeholder="Choose a dataset",
    )
    if name is None:
        st.warning(f"There is no dataset {as_text(first)} here, or it is not shared with you. Choose another one.")
        return None
    dataset = find_dataset(name)
    counts = {split: len(dataset.entries(split)) for split in ("train", "val", "test")}
    labels = dataset.manifest.label_values
    classes = f" {len(labels)} classes (labels {', '.join(map(str, labels))})," if labels else ""
    st.caption(
        f"{counts['train']} training, {counts['val']} validation, {counts['test']} test images,{classes} "
        f"digest {dataset.digest[:12]}."
    )
    return dataset


def choose_material(dataset: Dataset) -> Material:
    """Ask what the images are like, where a dataset of its kind may hold different ones."""
    materials = materials_of(dataset.manifest.kind)
    if len(materials) == 1:
        st.caption(f"{materials[0].label}.")
        return materials[0]
    labels = {material.label: material for material in materials}
    return labels[st.radio("These are", list(labels), key=f"material-{dataset.manifest.kind}")]


def _kind(name: str) -> str:
    try:
        return find_dataset(name).manifest.kind
    except UserError:
        return "damaged"
