"""Who is working: a person, and what their role lets them do."""

import getpass
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

Role = Literal["viewer", "member", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "member", "admin")
"""Each role may do what those before it may: look; work; look after the work of everybody."""
_LOCAL: Final = "local"


@dataclass(frozen=True)
class Person:
    """Somebody who works with this workbench."""

    id: str
    """Never belongs to anybody else: what the provider calls the person, and the address of the provider."""
    name: str
    """For display; two persons may have the same."""
    role: Role

    @property
    def is_local(self) -> bool:
        """Whether this is whoever the operating system let in, not somebody who signed in through a browser."""
        return self.id == _LOCAL

    @cached_property
    def folder(self) -> str:
        """Name of the folders of what this person uploads and computes; an id may contain what paths must not."""
        return hashlib.sha256(self.id.encode()).hexdigest()[:16]

    def at_least(self, role: Role) -> bool:
        """Tell whether this person's role lets them do what another role may."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def to_json(self) -> dict[str, str]:
        """Return the person as JSON-compatible values, for a file that another process reads."""
        return {"id": self.id, "name": self.name, "role": self.role}

    @classmethod
    def from_json(cls, content: dict[str, Any] | None) -> "Person":
        """Restore a person from the output of `to_json`; what was written before there were persons is the desk's."""
        return cls(content["id"], content["name"], content["role"]) if content else local_person()


def local_person() -> Person:
    """Return whoever the operating system let in: their desk is their own, and they may do everything there."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        name = _LOCAL
    return Person(_LOCAL, name, "admin")
