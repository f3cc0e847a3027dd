"""The person of this session, and what of a list they may see."""

from collections.abc import Iterable
from typing import TypeVar

import streamlit as st

from pipelines.people.acting import act_for_many
from pipelines.people.claims import person_of
from pipelines.people.dataset_owner import dataset_ownership
from pipelines.people.lab import FILE, find_lab
from pipelines.people.permissions import Action, Owned, may, require, visible
from pipelines.people.person import Person, local_person
from pipelines.people.sign_outs import end_sign_in
from sem_models.errors import UserError

Thing = TypeVar("Thing", bound=Owned)


def asks_to_sign_in() -> bool:
    """Tell whether a sign-in provider is configured, in the section `[auth]` of `secrets.toml`."""
    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def signed_in() -> Person:
    """Return the person of this session; at a desk, whoever sits there. Settings are read anew each time.

    Raises:
        NotSignedIn: A lab, and nobody has signed in, or too long ago, or they have signed out, in whichever tab.
        NotAdmitted: Somebody who has no role here.
        UserError: The settings cannot be used, or contradict each other.
    """
    lab = find_lab()
    if lab is None and asks_to_sign_in():
        raise UserError(f"Sign-in is configured, but the settings of the lab ({FILE} in the home folder) are missing.")
    if lab is None:
        return local_person()
    act_for_many()
    return person_of(st.user.to_dict(), lab)


def sign_out() -> None:
    """End the sign-in of this session, and with it that of all other tabs that were opened with it."""
    claims = st.user.to_dict()
    st.logout()  # clears them
    end_sign_in(claims)


def seen(things: Iterable[Thing]) -> list[Thing]:
    """Keep the runs, versions or studies that the person of this session may see."""
    return visible(signed_in(), things)


def seen_datasets(names: Iterable[str]) -> list[str]:
    """Keep the names of the datasets that the person of this session may see."""
    person = signed_in()
    return [name for name in names if person.is_local or may(person, Action.SEE, dataset_ownership(name))]


def require_own(things: Iterable[Owned], what: str) -> None:
    """Raise `UserError` where the person of this session may not change one of several things."""
    person = signed_in()
    for thing in things:
        require(person, Action.CHANGE, thing.ownership, what)


def require_seen(thing: Owned, what: str) -> None:
    """Raise `UserError` where the person of this session may not see a thing."""
    require(signed_in(), Action.SEE, thing.ownership, what)
