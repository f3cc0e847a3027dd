"""A dataset belongs to whoever prepared it first, from its first moment on."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.data import prepare as preparation
from pipelines.data.card import find_card
from pipelines.data.find import find_dataset
from pipelines.data.requests import PrepareRequest
from pipelines.people.acting import act_for
from pipelines.people.dataset_owner import dataset_ownership
from pipelines.people.permissions import Ownership
from sem_models.datasets.preparation.plan import Plan
from sem_models.errors import UserError
from tests.support.lab import ALICE, BOB


def test_of_two_who_prepare_one_name_at_once_the_second_is_refused(
    sem_home: Path, raw_images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one has looked for the name before the first one has written it."""

    def asked(about: str) -> PrepareRequest:
        return PrepareRequest(name="steel", raw=(raw_images,), about=about, licence="CC0-1.0")

    plan, first = preparation.plan_dataset, iter([asked("Alice's steel")])

    def overtaken(*args: Any) -> Plan:
        if hers := next(first, None):
            act_for(ALICE)
            preparation.prepare(hers)
            act_for(BOB)
        return plan(*args)

    monkeypatch.setattr(preparation, "plan_dataset", overtaken)
    act_for(BOB)
    with pytest.raises(UserError, match="steel that there is belongs to somebody else"):
        preparation.prepare(asked("Bob was here"))
    assert dataset_ownership("steel") == Ownership(ALICE.id)
    assert find_card(find_dataset("steel")).about == "Alice's steel"


def test_a_dataset_has_its_owner_from_the_first_moment(
    sem_home: Path, raw_images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one, it would be everybody's to see, and the next person's to take."""
    named = Path.rename
    owners: list[str] = []

    def look(folder: Path, target: Path) -> Path:
        place = named(folder, target)
        owners.append(dataset_ownership(place.name).owner)
        return place

    monkeypatch.setattr(Path, "rename", look)
    act_for(ALICE)
    preparation.prepare(PrepareRequest(name="steel", raw=(raw_images,)))
    assert owners == [ALICE.id]
