"""Who may do what: a table beside the one rule."""

from pathlib import Path

import pytest

from pipelines.people.permissions import Action, Ownership, may, require, visible
from pipelines.people.person import Person, local_person
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo
from sem_models.errors import UserError
from tests.support.lab import ADA, ALICE, BOB, VERA

LOCAL = local_person()
MINE, SHARED, NOBODYS = Ownership(ALICE.id), Ownership(ALICE.id, shared=True), Ownership()
ALLOWED = {
    (Action.SEE, MINE): {ALICE, ADA, LOCAL},
    (Action.SEE, SHARED): {ALICE, BOB, VERA, ADA, LOCAL},
    (Action.SEE, NOBODYS): {ALICE, BOB, VERA, ADA, LOCAL},
    (Action.CHANGE, MINE): {ALICE, ADA, LOCAL},
    (Action.CHANGE, SHARED): {ALICE, ADA, LOCAL},
    (Action.CHANGE, NOBODYS): {ADA, LOCAL},
    (Action.RATE, None): {ALICE, BOB, VERA, ADA, LOCAL},
    (Action.WORK, None): {ALICE, BOB, ADA, LOCAL},
    (Action.OVERSEE, None): {ADA, LOCAL},
}


@pytest.mark.parametrize(("action", "thing"), ALLOWED)
def test_who_may_do_what(action: Action, thing: Ownership | None) -> None:
    everybody = {ALICE, BOB, VERA, ADA, LOCAL}
    assert {person for person in everybody if may(person, action, thing)} == ALLOWED[action, thing]


def test_a_viewer_changes_nothing_even_of_their_own() -> None:
    assert not may(VERA, Action.CHANGE, Ownership(VERA.id))


@pytest.mark.parametrize(
    ("person", "action", "thing", "said"),
    [
        (VERA, Action.WORK, None, "the role member is needed"),
        (ALICE, Action.OVERSEE, None, "the role admin is needed"),
        (BOB, Action.CHANGE, SHARED, "Run 12 belongs to somebody else; only they and admins may change it."),
    ],
)
def test_a_refusal_says_who_may(
    person: Person, action: Action, thing: Ownership | None, said: str, sem_home: Path
) -> None:
    with pytest.raises(UserError) as caught:
        require(person, action, thing, "Run 12")
    assert said in str(caught.value)
    assert ALICE.id not in str(caught.value)


def test_runs_say_whose_they_are_and_those_of_earlier_versions_are_everybodys() -> None:
    def run(tags: dict[str, str]) -> RunInfo:
        return RunInfo("1", "n", "training", "e", "FINISHED", {}, tags, {}, None, None)

    old = run({Tag.RECIPE: "r"})
    hers = run({Tag.OWNER: ALICE.id, Tag.SHARED: "no"})
    shared = run({Tag.OWNER: ALICE.id, Tag.SHARED: "yes"})
    assert visible(BOB, [old, hers, shared]) == [old, shared]
    assert visible(ALICE, [old, hers, shared]) == [old, hers, shared]


def test_what_a_desk_makes_is_the_labs_when_it_becomes_one() -> None:
    assert Ownership.of(LOCAL).is_visible
    assert not Ownership.of(ALICE).is_visible
