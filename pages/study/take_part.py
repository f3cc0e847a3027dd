"""Taking part: a name, then one trial after the other; raters who come back continue where they stopped."""

import streamlit as st

from pages.people.session import signed_in
from pages.study.trial import BEGAN, show_trial
from pages.widgets.words import as_text
from pipelines.study.answers import answers_of, next_trial
from pipelines.study.opened import has_opened_key
from pipelines.study.order import rater_key, rater_of
from pipelines.study.studies import Study, open_study

RATER = "rater"
"""Parameter of the address, so that a reload continues; in a lab, the person who has signed in is the rater."""
_BEGUN = "begun"
"""Parameter of the address of a signed-in rater who has read the instructions."""


def show_trials(run_id: str) -> None:
    """Show the next trial of the rater whom the address names, or the form that asks for a name."""
    study = open_study(run_id)
    if _knows_the_key(study):
        st.info("You have opened the key of this study, so that you no longer rate in it. See it under Results.")
        return
    name = rater()
    if not name:
        _ask_name(study)
        return
    shown = next_trial(study, name)
    total = len(study.key.trials)
    if shown is None:
        st.success(f"Thank you, {as_text(name)}: all {total} answers are stored. See the outcome under Results.")
        if st.button("Another rater", key="leave"):
            _leave()
        return
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    left.progress((shown.position - 1) / total, text=f"{shown.position} of {total}, rater {as_text(name)}")
    if right.button("Pause", key="leave", help="Every answer is stored: come back under the same name."):
        _leave()
    show_trial(study, name, shown)


def rater() -> str:
    """Return who rates in this session: whoever signed in, or at a desk whom the address names; empty for nobody."""
    person = signed_in()
    if person.is_local:
        return st.query_params.get(RATER, "")
    return rater_of(person) if _BEGUN in st.query_params else ""


def is_taking_part(run_id: str) -> bool:
    """Tell whether this session's rater still has trials to answer."""
    person = signed_in()
    if not person.is_local:
        answered = answers_of(study := open_study(run_id), rater_of(person))
        return 0 < len(answered) < len(study.key.trials)
    name = rater()
    return bool(name) and next_trial(open_study(run_id), name) is not None


def _knows_the_key(study: Study) -> bool:
    """Tell whether who signed in has opened the key; at a desk, nobody knows who sits there."""
    person = signed_in()
    return not person.is_local and has_opened_key(study, rater_of(person))


def _leave() -> None:
    for parameter in (RATER, _BEGUN):
        st.query_params.pop(parameter, None)
    st.session_state.pop(BEGAN, None)  # a pause is not thinking time
    st.rerun()


def _ask_name(study: Study) -> None:
    st.markdown("\n".join(_instructions(study)))
    if not signed_in().is_local:
        if st.button("Begin", type="primary", key="begin"):
            st.query_params[_BEGUN] = "yes"
            st.rerun()
        return
    with st.form("who", border=False):
        name = st.text_input("Your name", key="rater-name", help="The same name brings you back to where you stopped.")
        if st.form_submit_button("Begin", type="primary"):
            st.query_params[RATER] = rater_key(name)
            st.rerun()


def _instructions(study: Study) -> list[str]:
    asked = study.definition
    lines = [f"{len(study.key.trials)} trials. Every answer is stored at once; pause whenever you like."]
    if "pair" in asked.questions:
        lines.append("- **Two pictures**: choose the one that is real, with the arrow keys ← and →.")
    if "single" in asked.questions:
        lines.append("- **One picture**: real (←) or generated (→), then how sure you are, 1 (guessed) to 5 (certain).")
    if asked.realism:
        lines.append(
            f"- For single pictures, also grade how real these look: {', '.join(map(as_text, asked.realism))}."
        )
    return [*lines, "- A few trials have an obvious answer. There is no time limit, but the time is recorded."]
