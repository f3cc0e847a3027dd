"""Training patches of a dataset, with the settings that are chosen now, before anything is trained."""

import streamlit as st

from pages.widgets.patches import COUNT, EDGE_PX, TITLE, show_montage
from pages.widgets.words import on_page
from pipelines.data.patches import Picture, dataset_patches, montage
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError


def show_patches(dataset: Dataset, recipe: Recipe) -> None:
    """Draw patches once somebody wants to see them: it reads images and imports torch."""
    fold = st.expander(TITLE, icon=":material/grid_view:", on_change="rerun", key="patches-fold")
    if not fold.open:
        return
    with fold:
        try:
            shown = _drawn(f"{dataset.digest} {recipe.model_dump_json()}", dataset, recipe)
        except UserError as error:
            st.warning(on_page(error.message))
            return
        show_montage(shown, "the first training images, with the settings above")


@st.cache_data(max_entries=16, show_spinner="Drawing patches")
def _drawn(key: str, _dataset: Dataset, _recipe: Recipe) -> Picture:  # noqa: ARG001 - the key names both
    return montage(dataset_patches(_dataset, _recipe, COUNT, _recipe.train.seed), EDGE_PX)
