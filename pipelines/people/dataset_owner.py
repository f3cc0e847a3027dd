"""Whose a dataset is: a small file beside its manifest, which its content digest does not cover."""

import json
from pathlib import Path

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
    own_folder(home().dataset(name), person)


def own_folder(folder: Path, person: Person) -> None:
    """Record who prepared the dataset in a folder, which may not have its name yet."""
    if not (folder / _FILE).exists():
        _write(folder, Ownership.of(person))


def set_dataset_shared(name: str, shared: bool) -> None:
    """Let the lab see a dataset, or its owner alone."""
    _write(home().dataset(name), Ownership(dataset_ownership(name).owner, shared))


def _write(folder: Path, ownership: Ownership) -> None:
    place = folder / _FILE
    part = place.with_suffix(".part")
    part.write_text(json.dumps({"owner": ownership.owner, "shared": ownership.shared}))
    part.replace(place)
