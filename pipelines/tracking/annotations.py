"""What people add to runs: another name, labels, a note, and that a run is archived."""

import unicodedata
from collections.abc import Iterable, Sequence

from pipelines.people.acting import acting_person
from pipelines.people.audit import record
from pipelines.people.person import Person
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo, get_run, set_tags
from sem_models.errors import UserError

_MOST_LETTERS = 250
"""Of a name, as MLflow's own pages can show it."""
_MOST_OF_NOTE = 8000
"""Letters of a note; MLflow would cut off the rest without a word."""


def rename_run(run_id: str, name: str) -> None:
    """Give a run another name.

    Raises:
        UserError: There is no such run, or the name is empty or very long.
    """
    from pipelines.tracking.store import client

    get_run(run_id)
    client().update_run(run_id, name=kept_name(name))


def kept_name(text: str) -> str:
    """Return a name of a run as it is kept; raises `UserError` where it is empty or very long."""
    name = " ".join(_written(text).split())
    if not 0 < len(name) <= _MOST_LETTERS:
        raise UserError(f"A run needs a name of 1 to {_MOST_LETTERS} letters.")
    return name


def note_of(run: RunInfo) -> str:
    """Return the note of a run; until somebody has written one, the description that it was created with."""
    return run.tags.get(Tag.NOTE, "")


def write_note(run_id: str, text: str) -> None:
    """Replace the note of a run; raises `UserError` where it is too long to be kept whole."""
    set_tags(run_id, {Tag.NOTE: kept_note(text)})


def kept_note(text: str) -> str:
    """Return a note as it is kept; raises `UserError` where it is too long to be kept whole."""
    note = _written(text).strip()
    if len(note) > _MOST_OF_NOTE:
        raise UserError(f"A note has at most {_MOST_OF_NOTE:,} letters, and this one has {len(note):,}; shorten it.")
    return note


def labels_of(run: RunInfo) -> tuple[str, ...]:
    """Return the labels of a run, in order."""
    return _split(run.tags.get(Tag.LABELS, ""))


def set_labels(run_id: str, labels: Iterable[str]) -> None:
    """Replace the labels of a run; a comma separates two. Raises `UserError` where there are too many."""
    set_tags(run_id, {Tag.LABELS: kept_labels(",".join(labels))})


def kept_labels(text: str) -> str:
    """Return labels, separated by commas, as they are kept; raises `UserError` where there are too many."""
    labels = ", ".join(_split(_written(text)))
    if len(labels) > _MOST_OF_NOTE:
        raise UserError(f"The labels of a run have at most {_MOST_OF_NOTE:,} letters together; leave some out.")
    return labels


def is_archived(run: RunInfo) -> bool:
    """Tell whether lists leave the run out unless asked."""
    return bool(run.tags.get(Tag.ARCHIVED))


def archive(run_ids: Sequence[str], archived: bool = True, by: Person | None = None) -> None:
    """Take runs out of the lists, or back into them, for `by` or for whom this process works."""
    by = by or acting_person()
    for run_id in run_ids:
        set_tags(run_id, {Tag.ARCHIVED: "yes" if archived else ""})
        record(by, "archive" if archived else "take back", f"run {run_id}")


def _written(text: str) -> str:
    """Leave out control characters, which nobody can type and PostgreSQL does not take."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc")


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for raw in text.split(",") if (part := " ".join(raw.split()))))
