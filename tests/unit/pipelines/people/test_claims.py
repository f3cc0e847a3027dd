"""Who signed in, and as what; whom the lab does not know is not let in."""

from pathlib import Path

import pytest

from pipelines.people.claims import NotAdmitted, NotSignedIn, person_of
from pipelines.people.lab import Lab, find_lab
from pipelines.people.person import Person
from sem_models.errors import UserError
from tests.support.lab import ADA, ALICE, VERA, claims_of, write_lab

LAB = Lab(roles={"microscopists": "member", "staff": "admin"}, default_role="viewer")


@pytest.mark.parametrize("person", [VERA, ALICE, ADA])
def test_groups_become_roles_and_the_highest_counts(person: Person) -> None:
    assert person_of(claims_of(person), LAB) == person


@pytest.mark.parametrize("groups", ["microscopists", ("microscopists", 7, None)])
def test_groups_may_be_one_text_or_contain_what_is_no_text(groups: object) -> None:
    assert person_of(claims_of(VERA, groups=groups), LAB).role == "member"


@pytest.mark.parametrize("groups", [[], None, 3, "MICROSCOPISTS", ["microscopists "]])
def test_without_a_known_group_there_is_the_default_role_or_none(groups: object) -> None:
    claims = claims_of(ALICE, groups=groups)
    assert person_of(claims, LAB).role == "viewer"
    with pytest.raises(NotAdmitted, match="none of the groups in the claim 'groups'"):
        person_of(claims, LAB.model_copy(update={"default_role": None}))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"email": "test@example.com"},
        claims_of(ALICE, is_logged_in=False),
        claims_of(ALICE, is_logged_in="yes"),
        claims_of(ALICE, iat=None),
        claims_of(ALICE, age_s=12.01 * 3600),
    ],
)
def test_nobody_is_signed_in_without_a_fresh_token(claims: dict[str, object]) -> None:
    with pytest.raises(NotSignedIn):
        person_of(claims, LAB)


@pytest.mark.parametrize(
    ("name", "shown"), [("Al\x1b[2Jice\n", "Al[2Jice"), ("\u202eecilA", "ecilA"), ("\0", ""), ("Åsa Ó 李", "Åsa Ó 李")]
)
def test_a_name_holds_nothing_that_cannot_be_seen(name: str, shown: str) -> None:
    """It stands in the log that admins read in a terminal."""
    person = person_of(claims_of(ALICE, name=name), LAB)
    assert person.name == (shown or person.id)


@pytest.mark.parametrize("missing", ["sub", "iss"])
def test_a_token_must_say_who_this_is_and_who_says_so(missing: str) -> None:
    with pytest.raises(NotAdmitted, match=missing):
        person_of(claims_of(ALICE, **{missing: ""}), LAB)


def test_equal_names_at_two_providers_are_two_persons() -> None:
    there = person_of(claims_of(ALICE, iss="https://login.lab.example/realms/other"), LAB)
    assert there.name == "Alice"
    assert there.id != ALICE.id
    assert there.folder != ALICE.folder


def test_an_address_that_nobody_verified_names_nobody() -> None:
    lab = LAB.model_copy(update={"id_claim": "email"})
    assert person_of(claims_of(ALICE, email="a@x.org", email_verified=True), lab).id.startswith("a@x.org@login")
    for verified in (False, None, "true"):
        with pytest.raises(NotAdmitted, match="not verified"):
            person_of(claims_of(ALICE, email="a@x.org", email_verified=verified), lab)


def test_settings_are_read_anew_when_they_change(sem_home: Path) -> None:
    assert find_lab() is None
    write_lab(sem_home, '[roots]\nmember = ["/data/sem"]\nadmin = ["/data"]\n')
    lab = find_lab()
    assert lab is not None
    assert lab.roles["staff"] == "admin"
    assert [lab.roots_of(role) for role in ("viewer", "member", "admin")] == [
        (), (Path("/data/sem"),), (Path("/data/sem"), Path("/data")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("roles = 3", "setting roles: input should be a valid dictionary"),
        ("[roles]\nx = 'owner'", "setting roles.x: input should be 'viewer', 'member' or 'admin'"),
        ("[roles]\n[roots]\nmember = ['data']", "setting roots: data is not an absolute path"),
        ("[roles]\n[qoutas.member]", "setting qoutas: extra inputs are not permitted"),
        ("roles = ", "is not a TOML file"),
        ("", "setting roles: field required"),
    ],
)
def test_settings_that_cannot_be_used_let_nobody_in(text: str, said: str, sem_home: Path) -> None:
    (sem_home / "lab.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        find_lab()
    assert said in str(caught.value)
    assert str(sem_home / "lab.toml") in str(caught.value)


def test_settings_that_cannot_be_read_are_not_taken_for_none(sem_home: Path) -> None:
    (sem_home / "lab.toml").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        find_lab()
