"""A lab for tests: its settings, its people, and what a provider would say of them."""

import time
from pathlib import Path

from pipelines.people.person import Person, Role

ISSUER = "https://login.lab.example/realms/lab"
SETTINGS = """
default_role = "viewer"
upload_mb = 1

[roles]
microscopists = "member"
staff = "admin"
"""


def write_lab(home: Path, more: str = "", settings: str = SETTINGS) -> None:
    (home / "lab.toml").write_text(settings + more)


def somebody(name: str, role: Role = "member") -> Person:
    return Person(f"{name}@{ISSUER.removeprefix('https://')}", name.capitalize(), role)


ALICE, BOB = somebody("alice"), somebody("bob")
VERA, ADA = somebody("vera", "viewer"), somebody("ada", "admin")
_GROUPS: dict[Role, list[str]] = {"viewer": [], "member": ["microscopists"], "admin": ["staff", "microscopists"]}


def claims_of(person: Person, age_s: float = 0.0, **others: object) -> dict[str, object]:
    """What Streamlit knows of somebody who has signed in."""
    claims = {"is_logged_in": True, "iss": ISSUER, "sub": person.id.partition("@")[0], "iat": time.time() - age_s}
    return {**claims, "name": person.name, "groups": _GROUPS[person.role], **others}
