"""Which model to apply: registered, a finished run, or a baseline."""

from typing import TYPE_CHECKING

import streamlit as st

from pipelines.tracking.keys import Tag

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe

_BASELINES = {
    "baseline:bicubic": "Baseline: bicubic x4",
    "baseline:identity": "Baseline: pixels repeated x4",
    "baseline:gaussian": "Baseline: Gaussian of 1 px",
    "baseline:nlm": "Baseline: non-local means",
    "baseline:tv": "Baseline: total variation",
    "baseline:unsharp": "Baseline: unsharp masking",
}


def model_labels() -> dict[str, str]:
    """What can be applied, by MODEL as the command line names it: registered versions, finished runs, baselines."""
    from pipelines.directions import SUFFIX, offers_backward
    from pipelines.tracking.registry import list_versions
    from pipelines.tracking.runs import list_runs

    labels: dict[str, str] = {}
    for version in list_versions():
        address = (
            f"models:/{version.name}@{version.aliases[0]}"
            if version.aliases
            else f"models:/{version.name}/{version.version}"
        )
        labels[address] = (
            f"{version.name}, version {version.version} {' '.join('@' + alias for alias in version.aliases)}"
        )
        if Tag.DIRECTION in version.tags:
            labels[address] += f", {version.tags[Tag.DIRECTION]}"
    for run in list_runs(kind="training"):
        if run.status == "FINISHED":
            labels[run.run_id] = f"Run {run.run_id[:8]}: {run.name}"
            if offers_backward(run):
                labels[run.run_id + SUFFIX] = f"Run {run.run_id[:8]}: {run.name}, backward (second domain to first)"
    return labels | _BASELINES


def recipe_of(model: str | None) -> "Recipe | None":
    """What a registered model or a run learned by; None for a baseline."""
    from pipelines.directions import split_direction
    from pipelines.tracking.registry import list_versions
    from pipelines.tracking.run_facts import stored_recipe

    if model is None or model.startswith("baseline:"):
        return None
    versions = list_versions() if model.startswith("models:/") else []
    runs = {f"models:/{version.name}/{version.version}": version.run_id for version in versions}
    runs |= {f"models:/{version.name}@{alias}": version.run_id for version in versions for alias in version.aliases}
    return stored_recipe(runs[model] if model in runs else split_direction(model)[0])


def choose_model() -> str | None:
    """MODEL as the command line names it."""
    labels = model_labels()
    chosen: str | None = st.selectbox("Model", list(labels), format_func=labels.__getitem__, key="model")
    if chosen in _BASELINES:
        st.caption("A baseline learns nothing: what every model has to beat.")
    elif chosen:
        st.caption(f"`{chosen}`")
    return chosen
