"""Which model to apply: a registered one, a finished run, a starter model, or a baseline."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.people.session import seen
from pages.widgets.cards import show_card
from pages.widgets.words import as_text
from pipelines.model_ref import ModelRef, RegistryRef, RunRef, StarterRef, parse_model
from pipelines.tracking.keys import Experiment, Tag
from sem_models.starters.shelf import STARTERS, read_card

if TYPE_CHECKING:
    from pipelines.tracking.versions import RegisteredVersion

_BASELINES = {
    "baseline:bicubic": "Baseline: bicubic x4",
    "baseline:identity": "Baseline: pixels repeated x4",
    "baseline:gaussian": "Baseline: Gaussian of 1 px",
    "baseline:nlm": "Baseline: non-local means",
    "baseline:tv": "Baseline: total variation",
    "baseline:unsharp": "Baseline: unsharp masking",
    "baseline:interpolated-lines": "Baseline: line defects interpolated",
}


def model_title(model: ModelRef) -> str:
    """Name a model for people: a run by its name and the beginning of its id, others as they are written."""
    if not isinstance(model, RunRef):
        return str(model).removeprefix("models:/")
    from pipelines.tracking.runs import find_labels

    label = find_labels([model.run_id]).get(model.run_id)
    direction = ", backward" if model.direction == "backward" else ""
    return f"{label.name} ({model.run_id[:8]}{direction})" if label else f"run {model.run_id[:8]}{direction}"


def model_labels() -> dict[str, str]:
    """List what can be applied, by model reference: registered versions, finished runs, starter models, baselines.

    What a lesson has made, in minutes and from simulations, follows the starter models.
    """
    from pipelines.tracking.run_facts import offers_backward
    from pipelines.tracking.runs import list_runs
    from pipelines.tracking.versions import list_versions

    runs = seen(list_runs(kind="training"))
    lessons = {run.run_id for run in runs if run.experiment == Experiment.DEMO}
    own: dict[str, str] = {}
    learned: dict[str, str] = {}
    for version in seen(list_versions()):
        labels = learned if version.run_id in lessons else own
        address = _address(version)
        labels[address] = (
            f"{version.name}, version {version.version} {' '.join('@' + alias for alias in version.aliases)}"
        )
        if Tag.DIRECTION in version.tags:
            labels[address] += f", {version.tags[Tag.DIRECTION]}"
    for run in runs:
        labels = learned if run.run_id in lessons else own
        if run.status == "FINISHED":
            labels[run.run_id] = f"Run {run.run_id[:8]}: {run.name}"
            if offers_backward(run):
                labels[str(RunRef(run.run_id, "backward"))] = (
                    f"Run {run.run_id[:8]}: {run.name}, backward (second domain to first)"
                )
    starters = {str(StarterRef(name)): f"Starter: {read_card(name).summary}" for name in STARTERS}
    return own | starters | learned | _BASELINES


def _address(version: "RegisteredVersion") -> str:
    """Name a version by its first alias, which goes on to mean the best one, or else by its number."""
    if version.aliases:
        return str(RegistryRef(version.name, version.aliases[0]))
    return str(RegistryRef(version.name, version=version.version))


def _listed(asked: str) -> str:
    """Return how a model is named in the list, where a version may be named by its number or any of its aliases."""
    from pipelines.tracking.versions import list_versions

    if not asked.startswith("models:/"):
        return asked
    ref = parse_model(asked)
    for version in seen(list_versions()):
        names = {RegistryRef(version.name, version=version.version)}
        if ref in names | {RegistryRef(version.name, alias) for alias in version.aliases}:
            return _address(version)
    return asked


def choose_model() -> ModelRef | None:
    """Let the user choose a model, at first the one that the address names; None as long as that is not at hand."""
    labels = model_labels()
    asked = st.query_params.get("model", "")
    first = _listed(asked) if asked else next(iter(labels))
    index = list(labels).index(first) if first in labels else None
    chosen: str | None = st.selectbox(
        "Model", list(labels), index, format_func=labels.__getitem__, key="model", placeholder="Choose a model"
    )
    if chosen is None:
        st.warning(
            f"There is no model {as_text(asked)} to apply here: it is not there, not finished or not shared with you. "
            "Choose another one."
        )
    ref = parse_model(chosen) if chosen else None
    if chosen in _BASELINES:
        st.caption("A baseline learns nothing; every model has to beat it.")
    elif isinstance(ref, StarterRef):
        show_card(read_card(ref.name))
    elif chosen:
        st.caption(f"`{chosen}`")
    return ref
