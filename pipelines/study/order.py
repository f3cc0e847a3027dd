"""Who sees what when: an order of trials and sides for each rater, from the study's seed and the rater's name."""

import hashlib
import hmac
from dataclasses import dataclass

import numpy as np

from pipelines.people.person import Person
from pipelines.study.definition import Trial
from pipelines.study.studies import Study
from sem_models.errors import UserError


@dataclass(frozen=True)
class Shown:
    """A trial as one rater sees it."""

    position: int
    """1 is the first."""
    trial: Trial
    items: tuple[str, ...]
    """Left and right, or the only one."""


def rater_key(rater: str) -> str:
    """Return one text for one person, whatever the spacing and capitals.

    Raises:
        UserError: The name is empty.
    """
    key = " ".join(rater.split()).casefold()
    if not key:
        raise UserError("A rater needs a name: enter the one under which you want to come back.")
    return key


def rater_of(person: Person) -> str:
    """Return the rater that a signed-in person is, who is nobody else, also where ids differ only by capitals."""
    return person.id if rater_key(person.id) == person.id else f"{rater_key(person.id)} {person.folder}"


def rater_folder(place: str, rater: str) -> str:
    """Name the folder of a rater below a place, by a digest: names may contain what paths must not."""
    return f"{place}/{hashlib.sha256(rater_key(rater).encode()).hexdigest()[:16]}"


def order_for(study: Study, rater: str) -> tuple[Shown, ...]:
    """Return all trials in this rater's order, the same whenever and wherever it is asked for."""
    seed = str(study.definition.seed).encode()
    digest = hmac.new(seed, f"rater {rater_key(rater)}".encode(), hashlib.sha256).digest()
    rng = np.random.default_rng(int.from_bytes(digest))
    order, turned = rng.permutation(len(study.key.trials)), rng.random(len(study.key.trials)) < 0.5
    trials = [study.key.trials[index] for index in order]
    return tuple(
        Shown(position, trial, trial.items[::-1] if turn else trial.items)
        for position, (trial, turn) in enumerate(zip(trials, turned, strict=True), 1)
    )
