"""Signing out ends a sign-in wherever its claims are still held, and no other one."""

import os
import time
from pathlib import Path

import pytest

from pipelines.home import home
from pipelines.people.claims import NotSignedIn, person_of
from pipelines.people.lab import Lab
from pipelines.people.sign_outs import end_sign_in
from pipelines.upkeep.leftovers import Kind, find_leftovers
from tests.support.lab import ALICE, BOB, claims_of, write_lab

LAB = Lab(roles={"microscopists": "member"}, sign_in_hours=12)


def test_a_sign_in_that_has_been_ended_is_refused(sem_home: Path) -> None:
    ended, others = claims_of(ALICE, age_s=60), (claims_of(ALICE), claims_of(BOB, age_s=60))
    assert person_of(ended, LAB) == ALICE
    end_sign_in(ended)
    end_sign_in(ended)
    with pytest.raises(NotSignedIn, match="signed out"):
        person_of(dict(ended), LAB)
    assert [person_of(claims, LAB) for claims in others] == [ALICE, BOB]


def test_a_sign_out_is_kept_for_as_long_as_the_sign_in_would_have_lasted(sem_home: Path) -> None:
    write_lab(sem_home, settings="sign_in_hours = 12\n[roles]\n")
    end_sign_in(claims_of(ALICE))
    (note,) = home().signed_out.iterdir()
    assert find_leftovers() == []
    then = time.time() - 13 * 3600
    os.utime(note, (then, then))
    assert [(one.kind, one.path) for one in find_leftovers()] == [(Kind.SIGN_OUT, note)]
    (sem_home / "lab.toml").write_text("no TOML")
    assert find_leftovers() == [], "whether it is needed cannot be told"
