"""The gate before all pages: in a lab, nothing is shown before somebody has signed in whom the lab admits."""

import streamlit as st

from pages.people.session import asks_to_sign_in, sign_out, signed_in
from pages.widgets.words import as_text
from pipelines.people.audit import record, record_turned_away
from pipelines.people.claims import NotAdmitted, NotSignedIn
from pipelines.people.person import Person
from sem_models.errors import UserError

_KNOWN = "known person"


def enter() -> Person:
    """Return the person of this session, or show why there is none and end this run of the script."""
    try:
        person = signed_in()
    except UserError as error:
        _turn_away(error)
        st.stop()
    if st.session_state.get(_KNOWN) != person.id and not person.is_local:
        record(person, "enter")
        st.session_state[_KNOWN] = person.id
    return person


def show_person(person: Person) -> None:
    """Show in the sidebar who is signed in; nothing at a desk."""
    if person.is_local:
        return
    with st.sidebar:
        name, leave = st.columns([3, 2], vertical_alignment="center")
        name.caption(f"{as_text(person.name)}, {person.role}")
        leave.button("Sign out", key="sign-out", type="tertiary", on_click=sign_out)


def _turn_away(error: UserError) -> None:
    """Show the way in, or why there is none."""
    st.title("SEM Workbench")
    if isinstance(error, NotSignedIn) and asks_to_sign_in():
        st.write("This workbench belongs to a lab. Sign in to work with it.")
        st.button("Sign in", key="sign-in", type="primary", icon=":material/login:", on_click=st.login)
        return
    if isinstance(error, NotSignedIn):
        st.error(
            "This workbench belongs to a lab, but no sign-in provider is configured: `secrets.toml` needs `[auth]`."
        )
        return
    st.error(str(error), icon=":material/block:")
    if isinstance(error, NotAdmitted):
        _record(error)
        st.button("Sign out", key="sign-out", on_click=sign_out)


def _record(error: NotAdmitted) -> None:
    """Note once in a session who was not let in."""
    if st.session_state.get(_KNOWN) != str(error):
        record_turned_away(error.person_id, str(error))
        st.session_state[_KNOWN] = str(error)
