"""For whom this process works. The dashboard of a lab works for many, and has to say for whom each time."""

from pipelines.people.permissions import Action, Ownership, may
from pipelines.people.person import Person, local_person


class _Process:
    """What this process has said about itself."""

    person: Person | None = None
    works_for_many = False


def act_for(person: Person) -> None:
    """Say that all this process does is done for one person, as in a background task."""
    _Process.person = person


def act_for_many() -> None:
    """Say that this process serves many people: nothing is done there for nobody in particular."""
    _Process.works_for_many = True


def acting_person() -> Person:
    """Return the person for whom this process works: by default, whoever the operating system let in.

    Raises:
        RuntimeError: It works for many; whoever called should have said for whom.
    """
    if _Process.works_for_many:
        raise RuntimeError("the dashboard of a lab works for many people: say for whom this is done")
    return _Process.person or local_person()


def may_be_told_of(thing: Ownership) -> bool:
    """Tell whether a message may name a thing that nobody asked for by its whole name, such as a suggestion.

    A process that works for many does not know who reads the message: it names what everybody may see.
    """
    if _Process.works_for_many:
        return thing.is_visible
    return may(acting_person(), Action.SEE, thing)
