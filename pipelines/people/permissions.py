"""What a person may do: the only place where this is decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

from pipelines.people.audit import record
from pipelines.people.person import Person, Role
from sem_models.errors import UserError


class Action(Enum):
    """What a person wants to do, and the role that is needed for it at least."""

    SEE = "see"
    """Look at something: its settings, its images, its scores."""
    RATE = "rate"
    """Take part in a study."""
    WORK = "work"
    """Start something new: prepare, train, apply, register."""
    CHANGE = "change"
    """Cancel, resume, share, promote or delete something."""
    OVERSEE = "oversee"
    """Read the audit log; see what everybody uses."""

    @property
    def least_role(self) -> Role:
        """The role without which nobody may do this, to whatever it is."""
        return _LEAST[self]


_LEAST: dict[Action, Role] = {
    Action.SEE: "viewer",
    Action.RATE: "viewer",
    Action.WORK: "member",
    Action.CHANGE: "member",
    Action.OVERSEE: "admin",
}


@dataclass(frozen=True)
class Ownership:
    """Whose something is, and whether the lab may see it."""

    owner: str = ""
    """Id of a person; empty for what was made before the workbench knew persons."""
    shared: bool = False

    @classmethod
    def of(cls, person: Person) -> "Ownership":
        """Return the ownership of what a person makes; what is made at a desk is shared if the desk becomes a lab."""
        return cls(person.id, shared=person.is_local)

    @property
    def is_visible(self) -> bool:
        """Whether everybody in the lab may see it."""
        return self.shared or not self.owner


class Owned(Protocol):
    """Something that belongs to a person."""

    @property
    def ownership(self) -> Ownership:
        """Whose it is."""


Thing = TypeVar("Thing", bound=Owned)


def may(person: Person, action: Action, thing: Ownership | None = None) -> bool:
    """Tell whether a person may do something, to a thing where it is about one."""
    if not person.at_least(action.least_role):
        return False
    if thing is None or person.at_least("admin") or person.id == thing.owner:
        return True
    return action is Action.SEE and thing.is_visible


def require(person: Person, action: Action, thing: Ownership | None = None, what: str = "this") -> None:
    """Refuse what a person may not do; a change that is refused stands in the audit log.

    Args:
        person: Who wants to do it.
        action: What is to be done.
        thing: To what.
        what: What the message calls the thing.

    Raises:
        UserError: The person may not do it; the message says who may.
    """
    if may(person, action, thing):
        return
    if action is Action.CHANGE:
        record(person, "refused", f"{action.value}: {what}")
    if not person.at_least(action.least_role):
        raise UserError(
            f"{person.name} has the role {person.role}, but to {action.value}, the role {action.least_role} is needed; "
            "ask whoever runs the workbench."
        )
    raise UserError(f"{what} belongs to somebody else; only they and admins may {action.value} it.")


def visible(person: Person, things: Iterable[Thing]) -> list[Thing]:
    """Keep what a person may see."""
    return [thing for thing in things if may(person, Action.SEE, thing.ownership)]
