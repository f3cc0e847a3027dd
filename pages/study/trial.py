"""One trial: pictures pixel for pixel, and the keys that answer it. Nothing here knows which picture is real."""

import base64
import time

import streamlit as st

from pages.people.session import signed_in
from pages.widgets.words import as_text
from pipelines.study.answers import Choice, Given, store_answer
from pipelines.study.order import Shown
from pipelines.study.studies import Study, picture_files

BEGAN = "trial-began"
_WIDEST_PX = 448
"""Two pictures of this width fit side by side on a laptop."""
_GAP_PX = 24
_GRADES = (1, 2, 3, 4, 5)


def show_trial(study: Study, rater: str, shown: Shown) -> None:
    """Show pictures, question and buttons; widgets are named by the position, which gives nothing away."""
    # Above the pictures, the buttons stay in sight on a low screen too.
    question = st.container()
    files = picture_files(study, shown.items)
    st.html(pictures_html(files, study.definition.crop_px))
    began = _began(rater, shown)
    if shown.trial.pixel_size_nm:
        width = study.definition.crop_px * shown.trial.pixel_size_nm
        st.caption(f"Field of view {width:.4g} nm, {shown.trial.pixel_size_nm:.4g} nm per pixel.")
    with question:
        given = (_ask_pair if shown.trial.question == "pair" else _ask_single)(study, shown, began)
    if given:
        store_answer(study, rater, shown, given, signed_in())
        st.rerun()


def _began(rater: str, shown: Shown) -> float:
    """Return when this browser first showed the trial."""
    what, began = st.session_state.get(BEGAN, (None, 0.0))
    if what != (rater, shown.trial.id):
        began = time.monotonic()
        st.session_state[BEGAN] = (rater, shown.trial.id), began
    return float(began)


def pictures_html(files: list[bytes], edge_px: int) -> str:
    """Put pictures in one element, so that they appear at once, enlarged by a whole number without smoothing.

    The number is the largest with which they stay beside each other.
    """
    edge = edge_px * max(1, _WIDEST_PX // edge_px)
    beside = f"round(down, 100cqw / {len(files)} - {_GAP_PX}px, {edge_px}px)"
    width = f"width:{edge}px;width:clamp({edge_px}px, {beside}, {edge}px)"  # browsers without `round` take the first
    style = f"{width};flex:none;aspect-ratio:1;image-rendering:pixelated"
    shown = [
        f'<img alt="picture" style="{style}" src="data:image/png;base64,{base64.b64encode(file).decode("ascii")}">'
        for file in files
    ]
    row = f'<div style="display:flex;gap:{_GAP_PX}px;overflow-x:auto">{"".join(shown)}</div>'
    return f'<div style="container-type:inline-size">{row}</div>'


def _ask_pair(study: Study, shown: Shown, began: float) -> Given | None:  # noqa: ARG001
    st.markdown("**Which one is real?**")
    with st.container(horizontal=True):
        left = st.button("Left", key=f"left-{shown.position}", shortcut="Left")
        right = st.button("Right", key=f"right-{shown.position}", shortcut="Right")
    return Given("left" if left else "right", time.monotonic() - began) if left or right else None


def _ask_single(study: Study, shown: Shown, began: float) -> Given | None:
    """Ask in two steps: real or generated, then how sure; between them the choice can be changed."""
    st.markdown("**Is it real?**")
    slot = f"choice-{shown.position}"
    with st.container(horizontal=True):
        for name, key in (("real", "Left"), ("generated", "Right")):
            icon = ":material/check:" if st.session_state.get(slot) == name else None
            if st.button(name.capitalize(), key=f"{name}-{shown.position}", shortcut=key, icon=icon):
                st.session_state[slot] = name
                st.rerun()
    realism = _grades(study, shown)
    choice: Choice | None = st.session_state.get(slot)
    if choice is None or len(realism) < len(study.definition.realism):
        return None
    st.markdown("**How sure are you?** 1 guessed, 5 certain")
    with st.container(horizontal=True):
        sure = [st.button(str(n), key=f"sure-{shown.position}-{n}", shortcut=str(n)) for n in _GRADES]
    if not any(sure):
        return None
    del st.session_state[slot]
    return Given(choice, time.monotonic() - began, _GRADES[sure.index(True)], tuple(realism.items()))


def _grades(study: Study, shown: Shown) -> dict[str, int]:
    given = {}
    for index, feature in enumerate(study.definition.realism):
        label = f"How real: {as_text(feature)} (1 not at all, 5 fully)"
        grade = st.segmented_control(label, _GRADES, key=f"grade-{shown.position}-{index}")
        if grade:
            given[feature] = int(grade)
    return given
