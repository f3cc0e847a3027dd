"""A part of a page that draws itself again asks each time who is there: the gate before the page is not asked again."""

from pathlib import Path

import pytest
import streamlit as st

from pages.people.redrawn import redrawn
from pipelines.people.claims import NotSignedIn
from pipelines.people.person import Person, local_person
from pipelines.tracking.runs import create_run, set_run_shared
from tests.support.lab import ALICE, BOB


class Rerun(Exception):
    """The whole page is drawn instead."""


class Session:
    """Whose page this is; None where the sign-in has ended."""

    def __init__(self, person: Person | None) -> None:
        self.person = person

    def signed_in(self) -> Person:
        if self.person is None:
            raise NotSignedIn("A sign-in lasts 12 hours; sign in again.")
        return self.person


@pytest.fixture
def session(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    def rerun() -> None:
        raise Rerun

    session = Session(BOB)
    for place in ("redrawn", "session"):
        monkeypatch.setattr(f"pages.people.{place}.signed_in", session.signed_in)
    monkeypatch.setattr(st, "fragment", lambda draw, run_every: draw)
    monkeypatch.setattr(st, "rerun", rerun)
    return session


def test_an_open_page_ends_with_the_sign_in(session: Session) -> None:
    drawn: list[str] = []
    draw = redrawn(drawn.append, 1.0)
    draw("first")
    session.person = None
    with pytest.raises(Rerun):
        draw("later")
    assert drawn == ["first"]


def test_a_run_that_is_no_longer_shared_is_no_longer_drawn(session: Session) -> None:
    run_id = create_run("sem", "hers", "training", {}, {}, by=ALICE)
    set_run_shared(run_id, True)
    drawn: list[str] = []
    draw = redrawn(drawn.append, 1.0, [run_id])
    draw("shared")
    set_run_shared(run_id, False)
    with pytest.raises(Rerun):
        draw("no longer")
    session.person = ALICE
    draw("her own")
    assert drawn == ["shared", "her own"]


def test_a_desk_asks_the_store_for_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.person = local_person()
    monkeypatch.setattr("pages.people.redrawn.get_run", lambda run_id: pytest.fail("asked"))
    drawn: list[str] = []
    redrawn(drawn.append, None, ["a run"])("drawn")
    assert drawn == ["drawn"]
