"""The door of all work: whether a person may ask for what a request asks, wherever it was made."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pipelines.model_ref import RunRef, parse_run
from pipelines.names import Names, Writes
from pipelines.people.audit import record
from pipelines.people.dataset_owner import dataset_ownership
from pipelines.people.permissions import Action, require
from pipelines.people.person import Person
from pipelines.people.places import Places
from pipelines.request import Request
from pipelines.tracking.runs import get_run
from sem_models.errors import UserError


def admit(request: Request, by: Person) -> None:
    """Refuse a request that names files, datasets or runs that the person may not use; the refusal is recorded.

    Raises:
        UserError: What the person may not use, or that they may not start anything.
    """
    if by.is_local:
        return
    try:
        require(by, Action.WORK)
        for value, marks in _values(request):
            _admit(value, marks, by)
    except UserError as error:
        record(by, "refused", f"{request.use_case}: {error}")
        raise


def _values(request: Request) -> Iterator[tuple[Any, list[Any]]]:
    """Give each value of each field, with what its type says about it."""
    for name, field in type(request).model_fields.items():
        value = getattr(request, name)
        marks = [*field.metadata, *inner_marks(field.annotation)]
        for one in value if isinstance(value, tuple) else (value,):
            yield one, marks


def inner_marks(annotation: Any) -> Iterator[Any]:
    """Give what a type says inside another one: the mark of `RunIdField | None` stands beside `None`."""
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for part in get_args(annotation):
        yield from inner_marks(part)


def _admit(value: Any, marks: list[Any], by: Person) -> None:
    if isinstance(value, Path):
        places = Places.of(by)
        writes = any(isinstance(mark, Writes) for mark in marks)
        (places.require_writable if writes else places.require_readable)(value)
    elif isinstance(value, RunRef):
        _require_run(value.run_id, by)
    elif isinstance(value, str) and Names.RUN in marks:
        _require_run(parse_run(value).run_id, by)
    elif isinstance(value, str) and Names.DATASET in marks:
        require(by, Action.SEE, dataset_ownership(value), f"Dataset {value}")


def _require_run(run_id: str, by: Person) -> None:
    require(by, Action.SEE, get_run(run_id).ownership, f"Run {run_id}")
