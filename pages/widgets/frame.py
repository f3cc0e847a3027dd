"""How every page begins, and how errors are shown."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.people.session import signed_in
from pages.widgets.words import as_text, on_page
from pipelines.people.permissions import Action, may
from pipelines.tracking.address import without_secrets
from sem_models.errors import UserError

PROGRAM = "SEM Workbench"
_STORE_PACKAGES = ("mlflow", "requests", "sqlalchemy")
"""Packages whose exceptions mean that the store cannot be reached; pages do not import them."""


def begin(title: str, purpose: str, starts_work: bool = False) -> None:
    """Write the heading and one line of purpose, and mark trainings whose process has died.

    Who may not start work is told so on a page that is made for it, and not by an error after the last click.
    """
    heading(title, purpose)
    if starts_work:
        tell_viewers()
    with shown_errors():
        find_the_dead()


def heading(title: str, purpose: str) -> None:
    """Begin a page that does not need the tracking store."""
    name_tab(title)
    st.title(as_text(title), anchor=False)
    if purpose:
        st.caption(purpose)


def name_tab(name: str) -> None:
    """Name the tab of the browser, by which people find it again among others; the last call of a page counts."""
    st.set_page_config(page_title=name if name == PROGRAM else f"{name} · {PROGRAM}")


def tell_viewers() -> None:
    """Tell a viewer of a lab what they cannot do here, and whom to ask."""
    if not may(signed_in(), Action.WORK):
        st.info(
            "As a viewer you can look at everything on this page, but not start it. Ask whoever runs the workbench for "
            f"the role {Action.WORK.least_role}.",
            icon=":material/visibility:",
        )


@st.cache_data(ttl=10, show_spinner="Opening the tracking store")
def find_the_dead() -> list[str]:
    """Mark trainings whose process has died as failed; return their run ids."""
    from pipelines.jobs.control import reconcile

    return reconcile()


@contextmanager
def shown_errors() -> Iterator[None]:
    """Show errors that a user can correct, and an absent store or disk, as one readable box; others are bugs."""
    try:
        yield
    except UserError as error:
        st.error(without_secrets(on_page(error.message)), icon=":material/error:")
    except Exception as error:
        if not isinstance(error, OSError) and type(error).__module__.split(".")[0] not in _STORE_PACKAGES:
            raise
        st.error(
            without_secrets(f"The tracking store or the disk did not answer: {error}"), icon=":material/cloud_off:"
        )


def empty(message: str, page: str, label: str) -> None:
    """Say that there is nothing here yet, and link to what to do next."""
    st.info(message)
    st.page_link(f"{page}/page.py", label=label, icon=":material/arrow_forward:")
