"""Which dataset a recipe learns from: usable kinds first, and why another one cannot be used."""

import streamlit as st

from pipelines.data.find import find_dataset
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Kind
from sem_models.datasets.manifest import Manifest
from sem_models.errors import Message, UserError
from sem_models.tasks.compatibility import check_compatible, refuse_ignored
from sem_models.tasks.table import find_task


def choose_dataset(recipe: Recipe, names: list[str]) -> Dataset:
    """Let the user choose among all datasets, and describe the chosen one.

    Raises:
        UserError: The chosen dataset is damaged.
    """
    kinds = {name: _kind(name) for name in names}
    usual = compatible_kinds(recipe)
    wanted = wanted_dataset(names)
    ordered = sorted(names, key=lambda name: (kinds[name] not in usual, name != wanted))
    # A key for each kind: a recipe that needs another kind starts with a dataset that it can use.
    key = f"dataset-{usual[0]}"
    name = st.selectbox("Dataset", ordered, format_func=lambda name: f"{name} ({kinds[name]})", key=key)
    dataset = find_dataset(name)
    counts = {split: len(dataset.entries(split)) for split in ("train", "val", "test")}
    labels = dataset.manifest.label_values
    classes = f" {len(labels)} classes (labels {', '.join(map(str, labels))})," if labels else ""
    st.caption(
        f"{counts['train']} training, {counts['val']} validation, {counts['test']} test images,{classes} "
        f"digest {dataset.digest[:12]}."
    )
    return dataset


def wanted_dataset(names: list[str]) -> str | None:
    """Return the dataset that the address names, as the link from a new dataset does."""
    name = st.query_params.get("dataset")
    return name if name in names else None


def fits_wanted(recipe: Recipe, names: list[str]) -> bool:
    """Return whether a recipe is meant for datasets like the one that the address names, if it names one."""
    wanted = wanted_dataset(names)
    return wanted is None or _kind(wanted) in compatible_kinds(recipe)


def _kind(name: str) -> str:
    try:
        return find_dataset(name).manifest.kind
    except UserError:
        return "damaged"


def compatible_kinds(recipe: Recipe) -> tuple[Kind, ...]:
    """Return the kinds of datasets that a recipe is meant for; others may do as well."""
    return find_task(recipe).usual_kinds(recipe)


def channel_changes(recipe: Recipe, manifest: Manifest) -> list[str]:
    """Return `network.channels_in=6` where the inputs of pairs have other channels than the network takes."""
    learned = find_task(recipe).learned_from(recipe, manifest)
    if not learned.layout.is_paired or not hasattr(recipe.network, "channels_in"):
        return []
    found = learned.entries[0].array("input").shape[2]
    return [f"network.channels_in={found}"] if found != capabilities(recipe.network).channels_in else []


def incompatibility(recipe: Recipe, manifest: Manifest) -> Message | None:
    """Say why the training could not start; None where it can."""
    try:
        refuse_ignored(recipe, manifest)
        check_compatible(recipe, manifest)
    except UserError as error:
        return error.message
    return None
