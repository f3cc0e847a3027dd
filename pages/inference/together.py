"""Several runs together: whose outputs are averaged, and whose spread is the standard deviation."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.people.session import seen
from pages.widgets.words import LABELS
from pipelines.model_ref import ModelRef, RegistryRef, RunRef
from pipelines.predict.offers import alike
from pipelines.predict.requests import PredictRequest

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe


def choose_ensemble(model: ModelRef | None, recipe: "Recipe | None") -> list[RunRef]:
    """Ask which other runs are applied as well, where there are some whose outputs can be averaged."""
    if recipe is None or recipe.labels or recipe.diffusion:
        return []
    run_id = _run_of(model)
    if run_id is None:
        return []
    from pipelines.tracking.overlay import telling_names
    from pipelines.tracking.runs import list_runs

    others = alike(run_id, seen(list_runs(kind="training")))
    if not others:
        return []
    names = telling_names(others)
    chosen = st.multiselect(
        LABELS["ensemble"], list(names), format_func=names.__getitem__, key=f"ensemble-{model}",
        placeholder="This model alone", help=PredictRequest.description("ensemble"),
    )  # fmt: skip
    return [RunRef(one) for one in chosen]


def _run_of(model: ModelRef | None) -> str | None:
    """Return the run of a forward generator; None for what has none."""
    if isinstance(model, RunRef):
        return model.run_id if model.direction == "forward" else None
    if not isinstance(model, RegistryRef):
        return None
    from pipelines.tracking.registry import find_version

    return find_version(model).run_id or None
