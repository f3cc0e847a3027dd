"""What somebody wants, the recipes that fit, and why the others do not."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.widgets.words import on_page
from pipelines.counts import counted
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import Message
from sem_models.tasks.material import Material
from sem_models.tasks.table import TASKS, find_task

_ANYTHING = "all"
_UNFIT = "unfit"
_KEPT = 32
"""Datasets of which it is remembered what fits."""


def choose_recipe(dataset: Dataset, material: Material) -> tuple[Recipe | None, Mapping[str, Message]]:
    """Let the user choose among the recipes of what they want that fit, those for small machines first.

    Returns:
        The recipe, None where there is none to choose; and why others do not fit, which `show_refused` shows and
        from where they can be offered, too.
    """
    aims = {_ANYTHING: "Anything"} | {name: task.aim for name, task in TASKS.items()}
    wanted = st.selectbox("What do you want?", list(aims), format_func=lambda name: aims[name], key="task")
    reasons = _reasons(dataset, material)
    meant = [name for name, recipe in RECIPES.items() if wanted in (_ANYTHING, recipe.task)]
    offered = [name for name in meant if reasons[name] is None]
    refused = {name: reason for name in meant if (reason := reasons[name]) is not None}
    # Read before it is drawn, below the choice that depends on it.
    if st.session_state.get(_UNFIT):
        offered += list(refused)
    ordered = sorted(
        offered, key=lambda name: (name in refused, _is_unusual(name, dataset), not name.endswith("-small"))
    )
    chosen = st.selectbox(
        f"Recipe ({len(meant) - len(refused)} of {len(meant)} fit)", ordered, key="recipe",
        format_func=lambda name: f"{name} (does not fit)" if name in refused else name,
        placeholder="None fits what you have",
    )  # fmt: skip
    return (RECIPES[chosen] if chosen else None), refused


def show_refused(refused: Mapping[str, Message]) -> None:
    """List why recipes do not fit, each reason with those that it holds for."""
    if not refused:
        return
    with st.expander(f"Why {counted(len(refused), 'recipe')} {'does' if len(refused) == 1 else 'do'} not fit"):
        st.toggle("Offer these as well", key=_UNFIT, help="For settings that make one fit; it starts only if it can.")
        recipes: dict[str, list[str]] = {}
        for name, reason in refused.items():
            recipes.setdefault(on_page(reason), []).append(name)
        rows = [{"recipes": ", ".join(names), "why not": reason} for reason, names in recipes.items()]
        st.table(pd.DataFrame(rows).set_index("recipes"))


def _is_unusual(name: str, dataset: Dataset) -> bool:
    """Tell whether a recipe is meant for another kind of dataset than this one, from which it can learn as well."""
    recipe = RECIPES[name]
    return dataset.manifest.kind not in find_task(recipe).usual_kinds(recipe)


def _identity(dataset: Dataset) -> str:
    # Reasons name the dataset, and two of them may hold the same images.
    return f"{dataset.folder.name} {dataset.digest}"


@st.cache_data(max_entries=_KEPT, show_spinner="Finding the recipes that fit", hash_funcs={Dataset: _identity})
def _reasons(dataset: Dataset, material: Material) -> dict[str, Message | None]:
    """Return for each recipe why it does not fit; None where it does."""
    from sem_models.tasks.fitting import why_not

    return {name: why_not(recipe, dataset.manifest, material) for name, recipe in RECIPES.items()}
