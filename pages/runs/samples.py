"""The fixed validation samples of a run, step by step, at 1:1 pixels."""

import streamlit as st

from pipelines.tracking.artifacts import fetch, samples

_PANELS = {"input": "Input, enlarged", "floor": "Bicubic floor", "output": "Model", "target": "Truth"}


def show_samples(run_id: str) -> None:
    """A sample and a step to choose; all panels share the display window of the truth."""
    stored = samples(run_id)
    if not stored.names or not stored.steps:
        st.caption("The first samples come with the first validation.")
        return
    left, right = st.columns([2, 3])
    name = left.selectbox("Validation image", stored.names, key=f"sample-{run_id}")
    step = stored.steps[-1]
    if len(stored.steps) > 1:
        step = right.select_slider("Training step", stored.steps, value=stored.steps[-1], key=f"step-{run_id}")
    columns = st.columns(len(_PANELS))
    for column, (panel, label) in zip(columns, _PANELS.items(), strict=True):
        path = fetch(run_id, stored.path(name, panel, step))
        caption = f"{label}, step {step}" if panel == "output" else label
        column.image(str(path), caption=caption)
    st.caption("Centre of the image, at most 512 px; one display window (0.5 to 99.5 % of the truth) for all panels.")
