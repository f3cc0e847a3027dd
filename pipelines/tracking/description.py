"""What people say about a run, read and changed as a whole, and never over what somebody else has written meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pipelines.people.audit import record
from pipelines.people.permissions import Action, require
from pipelines.people.person import Person
from pipelines.tracking.annotations import (
    kept_labels,
    kept_name,
    kept_note,
    labels_of,
    note_of,
    rename_run,
    set_labels,
    write_note,
)
from pipelines.tracking.runs import RunInfo, get_run
from sem_models.errors import UserError


@dataclass(frozen=True)
class Description:
    """The texts that people may change."""

    name: str
    labels: str
    """Separated by commas."""
    note: str

    @classmethod
    def of(cls, run: RunInfo) -> "Description":
        """Return what the store says about a run."""
        return cls(run.name, ", ".join(labels_of(run)), note_of(run))


class ChangedMeanwhile(UserError):
    """Somebody else has changed the same text since it was shown."""

    def __init__(self, shown: Description, now: Description, fields: Sequence[str]) -> None:
        """Name the texts, and say what is in the store now."""
        texts = " ".join(f"The {field} in the store: {getattr(now, field) or '(empty)'}." for field in fields)
        super().__init__(
            f"Somebody else has changed the {' and the '.join(fields)} while this form was open, so nothing was saved. "
            f"{texts} To replace it by yours, save again."
        )
        self.shown: Final = replace(shown, **{field: getattr(now, field) for field in fields})
        """What the person has seen once they have read this."""


_KEEP: Final[dict[str, Callable[[str], str]]] = {"name": kept_name, "labels": kept_labels, "note": kept_note}
_WRITE: Final[dict[str, Callable[[str, str], None]]] = {
    "name": rename_run,
    "labels": lambda run_id, text: set_labels(run_id, [text]),
    "note": write_note,
}


def describe_run(run_id: str, shown: Description, wanted: Description, by: Person) -> None:
    """Change the texts that differ from what was shown: all of them, or none.

    Args:
        run_id: The run.
        shown: What the person began with.
        wanted: What they made of it.
        by: The person.

    Raises:
        UserError: The run is not theirs, a text cannot be kept, or somebody else has changed the same one.
    """
    run = get_run(run_id)
    require(by, Action.CHANGE, run.ownership, f"Run {run_id}")
    changed = {field: getattr(wanted, field) for field in _KEEP if getattr(wanted, field) != getattr(shown, field)}
    kept = {field: _KEEP[field](text) for field, text in changed.items()}
    now = Description.of(run)
    if lost := [field for field, text in kept.items() if getattr(now, field) not in (getattr(shown, field), text)]:
        raise ChangedMeanwhile(shown, now, lost)
    for field, text in kept.items():
        _WRITE[field](run_id, text)
    if kept:
        record(by, "describe", f"run {run_id}")
