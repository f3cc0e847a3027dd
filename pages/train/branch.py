"""A training that takes over the recipe of an earlier run: `train?branch=RUN_ID`."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.people.session import require_seen
from pages.widgets.words import as_text
from pipelines.tracking.runs import RunInfo, get_run

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe

_KEY = "branch"
_BEGUN = "branch begun"


def asked_branch() -> RunInfo | None:
    """Return the run that the address names.

    Raises:
        UserError: There is no such run.
    """
    run_id = st.query_params.get(_KEY)
    if not run_id:
        return None
    run = get_run(run_id)
    require_seen(run, "This run")
    return run


def show_branch(run: RunInfo) -> "Recipe":
    """Say what is taken over and offer a way back; return the recipe of the run.

    Raises:
        UserError: The run is no training.
    """
    from pipelines.train.create import recipe_to_branch

    recipe = recipe_to_branch(run.run_id)
    _forget_settings(run.run_id, recipe.name)
    st.info(
        f"Branch of **{as_text(run.name)}** ({run.run_id[:8]}): its recipe {as_text(recipe.name)}, with the changes "
        "made here."
    )
    if st.button("Choose a recipe instead", icon=":material/undo:"):
        del st.query_params[_KEY]
        st.session_state.pop(_BEGUN, None)
        st.rerun()
    return recipe


def begins_with_weights(run: RunInfo) -> bool:
    """Ask whether the weights are taken over, too."""
    return st.toggle(
        "Begin with its weights", key=f"weights-{run.run_id}",
        help="Those that it learned by pixel losses, without its discriminator. The optimiser begins anew.",
    )  # fmt: skip


def _forget_settings(run_id: str, recipe: str) -> None:
    """Let the widgets of a recipe begin at the values of the run, not at what was last chosen for the recipe."""
    if st.session_state.get(_BEGUN) == run_id:
        return
    st.session_state[_BEGUN] = run_id
    for key in [key for key in st.session_state if str(key).endswith(f"-{recipe}")]:
        del st.session_state[key]
