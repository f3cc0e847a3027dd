"""Study: people rate blinded pictures; make a study, take part, see the results."""

import streamlit as st

from pages.study.create import TASK, show_create
from pages.study.results import show_results
from pages.study.take_part import rater, show_trials
from pages.widgets.frame import begin, empty, shown_errors

VIEWS = ("Take part", "Results", "New study")


def show() -> None:
    """Show one view at a time: what has not reached the browser cannot be read in the page source."""
    begin("Study", "Which one is real? Blinded pictures, rated by people, with intervals and agreement.")
    with shown_errors():
        first = VIEWS[2] if TASK in st.query_params else VIEWS[0]
        view = st.segmented_control("View", VIEWS, default=first, key="view", label_visibility="collapsed")
        if view == "New study":
            show_create()
            return
        chosen = _choose()
        if chosen and view:
            (show_trials if view == "Take part" else show_results)(chosen)


def _choose() -> str | None:
    """Let the user choose a study, unless the address names one; return its run id."""
    from pipelines.study.studies import list_studies

    names = {run.run_id: run.name for run in list_studies()}
    if not names:
        empty("There is no study yet: make one above under New study.", "train", "Train a model first")
        return None
    asked = st.query_params.get("of", "")
    if asked in names and rater():
        return asked  # a rater is at work: leave the space to the pictures
    if asked and asked not in names:
        st.warning("The study that this address names does not exist, or is not shared with you. Choose another one.")
    index = list(names).index(asked) if asked in names else None if asked else 0
    chosen: str | None = st.selectbox("Study", list(names), index, format_func=names.__getitem__, key="chosen")
    if chosen:
        st.query_params["of"] = chosen
    return chosen


show()
