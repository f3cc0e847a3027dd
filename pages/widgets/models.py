"""Which model to apply: a registered one, a finished run, a starter model, or a baseline."""

import streamlit as st

from pages.people.session import seen
from pages.widgets.cards import show_card
from pipelines.model_ref import ModelRef, RegistryRef, RunRef, StarterRef, parse_model
from pipelines.tracking.keys import Experiment, Tag
from sem_models.starters.shelf import STARTERS, read_card

_BASELINES = {
    "baseline:bicubic": "Baseline: bicubic x4",
    "baseline:identity": "Baseline: pixels repeated x4",
    "baseline:gaussian": "Baseline: Gaussian of 1 px",
    "baseline:nlm": "Baseline: non-local means",
    "baseline:tv": "Baseline: total variation",
    "baseline:unsharp": "Baseline: unsharp masking",
    "baseline:interpolated-lines": "Baseline: line defects interpolated",
}


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
        by_number = RegistryRef(version.name, version=version.version)
        address = str(RegistryRef(version.name, version.aliases[0]) if version.aliases else by_number)
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


def choose_model() -> ModelRef | None:
    """Let the user choose a model, at first the one that the address names; None where there is none."""
    labels = model_labels()
    asked = st.query_params.get("model", "")
    index = list(labels).index(asked) if asked in labels else 0
    chosen: str | None = st.selectbox("Model", list(labels), index, format_func=labels.__getitem__, key="model")
    ref = parse_model(chosen) if chosen else None
    if chosen in _BASELINES:
        st.caption("A baseline learns nothing; every model has to beat it.")
    elif isinstance(ref, StarterRef):
        show_card(read_card(ref.name))
    elif chosen:
        st.caption(f"`{chosen}`")
    return ref
