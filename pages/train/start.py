"""What a training starts from: fresh weights, a starter model, or an earlier run."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.people.session import seen
from pages.train.branch import begins_with_weights
from pipelines.train.requests import TrainRequest
from sem_models.errors import UserError
from sem_models.starters.shelf import STARTER, STARTERS, starter_folder

if TYPE_CHECKING:
    from pipelines.tracking.runs import RunInfo
    from sem_models.config.recipe import Recipe
    from sem_models.datasets.manifest import Manifest

_FRESH = "Nothing (fresh weights)"


def choose_start(recipe: "Recipe", manifest: "Manifest", branch: "RunInfo | None") -> str | None:
    """Let the user choose a starter model that the recipe can go on from, or a run with a network of the same kind.

    Returns:
        Its name; None for fresh weights.
    """
    from pipelines.tracking.runs import list_runs

    if branch and begins_with_weights(branch):
        return branch.run_id
    names = {f"{STARTER}{name}": f"Starter model {name}" for name in STARTERS if _goes_on_from(recipe, manifest, name)}
    names |= {
        run.run_id: f"{run.name} ({run.run_id[:8]})"
        for run in seen(list_runs(kind="training"))
        if run.params.get("network.kind") == recipe.network.kind
        and any(name.startswith("val/") for name in run.metrics)
    }
    chosen = st.selectbox(
        "Start from", ["", *names], format_func=lambda key: names.get(key, _FRESH), key="init",
        help=TrainRequest.description("init"),
    )  # fmt: skip
    return chosen or None


def started(recipe: "Recipe", init: str | None) -> "Recipe":
    """Return the recipe as it goes on from a starter model; unchanged for a run, whose network it has to have.

    Raises:
        UserError: A network that was set by hand is not that of the starter model.
    """
    from pipelines.train.begun_recipe import begun_from

    if not init or not init.startswith(STARTER):
        return recipe
    return begun_from(recipe, starter_folder(init.removeprefix(STARTER)))


def _goes_on_from(recipe: "Recipe", manifest: "Manifest", starter: str) -> bool:
    from sem_models.tasks.fitting import incompatibility

    try:
        return incompatibility(started(recipe, f"{STARTER}{starter}"), manifest) is None
    except UserError:
        return False
