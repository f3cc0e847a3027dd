"""Patches of a plan as the network will see them, before anything is written."""

import streamlit as st

from pages.widgets.patches import COUNT, EDGE_PX, TITLE, show_montage
from pages.widgets.words import on_page
from pipelines.data.contact_sheet import image_id
from pipelines.data.patches import Picture, montage, recipes_for, training_patches
from sem_models.datasets.preparation.plan import Plan
from sem_models.errors import UserError


def show_patches(plan: Plan) -> None:
    """Offer to draw training patches for a recipe, of the images that are chosen on the contact sheet."""
    with st.expander(TITLE, icon=":material/grid_view:"):
        left, middle, right = st.columns([3, 1, 1], vertical_alignment="bottom")
        recipe = left.selectbox("Recipe", recipes_for(plan.options.kind), key="patch-recipe")
        seed = int(middle.number_input("Draw", 0, 999, 0, key="patch-seed", help="Another number, other patches."))
        if not right.toggle("Show", key="patch-show") or recipe is None:
            return
        selected = st.session_state.get("contact-sheet", {}).get("selected") or ()
        first = tuple(sorted({image.sample for image in plan.images if image_id(image) in set(selected)}))
        contents = [image.content for image in plan.images]
        try:
            shown = _drawn(repr((plan.options, contents, recipe, seed, first)), plan, recipe, seed, first)
        except UserError as error:
            st.warning(on_page(error.message))
            return
        show_montage(shown, "the chosen images, or from the first for training")


@st.cache_data(max_entries=16, show_spinner="Drawing patches")
def _drawn(key: str, _plan: Plan, _recipe: str, _seed: int, _first: tuple[str, ...]) -> Picture:  # noqa: ARG001
    return montage(training_patches(_plan, _recipe, COUNT, _seed, _first), EDGE_PX)
