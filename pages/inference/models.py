"""Which model to apply: registered, a finished run, or a floor."""

import streamlit as st

_FLOORS = {
    "floor:bicubic": "Floor: bicubic x4",
    "floor:identity": "Floor: pixels repeated x4",
    "floor:gaussian": "Floor: Gaussian of 1 px",
    "floor:nlm": "Floor: non-local means",
    "floor:tv": "Floor: total variation",
    "floor:unsharp": "Floor: unsharp masking",
}


def model_labels() -> dict[str, str]:
    """What can be applied, by MODEL as the command line names it: registered versions, finished runs, floors."""
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
    for run in list_runs(kind="training"):
        if run.status == "FINISHED":
            labels[run.run_id] = f"Run {run.run_id[:8]}: {run.name}"
    return labels | _FLOORS


def choose_model() -> str | None:
    """MODEL as the command line names it."""
    labels = model_labels()
    chosen: str | None = st.selectbox("Model", list(labels), format_func=labels.__getitem__, key="model")
    if chosen in _FLOORS:
        st.caption("A floor learns nothing: what every model has to beat.")
    elif chosen:
        st.caption(f"`{chosen}`")
    return chosen
