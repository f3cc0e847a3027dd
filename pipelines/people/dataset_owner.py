"""Whose a dataset is: a small file beside its manifest, which its content digest does not cover."""

import json

from pipelines.home import home
from pipelines.people.permissions import Ownership
from pipelines.people.person import Person

_FILE = "owner.json"


def dataset_ownership(name: str) -> Ownership:
    """Return whose a dataset is; one that does not exist, or that an earlier version prepared, is nobody's."""
    try:
        content = json.loads((home().dataset(name) / _FILE).read_text())
    except FileNotFoundError:
        return Ownership()
    return Ownership(content["owner"], content["shared"])


def own_dataset(name: str, person: Person) -> None:
    """Record who prepared a dataset; it stays that of whoever prepared it first."""
    if not (home().dataset(name) / _FILE).exists():
        _write(name, Ownership.of(person))


def set_dataset_shared(name: str, shared: bool) -> None:
    """Let the lab see a dataset, or its owner alone."""
    _write(name, Ownership(dataset_ownership(name).owner, shared))


def _write(name: str, ownership: Ownership) -> None:
    place = home().dataset(name) / _FILE
    part = place.with_suffix(".part")
    part.write_text(json.dumps({"owner": ownership.owner, "shared": ownership.shared}))
    part.replace(place)
