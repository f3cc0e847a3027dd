"""Answers of raters: each is stored the moment it is given, and nothing that was stored is ever changed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from pipelines.people.acting import acting_person
from pipelines.people.audit import record
from pipelines.people.permissions import Action, require
from pipelines.people.person import Person
from pipelines.study.opened import has_opened_key
from pipelines.study.order import Shown, order_for, rater_folder, rater_key, rater_of
from pipelines.study.studies import Study
from pipelines.tracking.keys import Artifact
from pipelines.tracking.records import append_record, read_records
from sem_models.config.frozen import Frozen
from sem_models.errors import UserError

Choice = Literal["left", "right", "real", "generated"]
Grade = Annotated[int, Field(ge=1, le=5)]


class Answer(Frozen):
    """One row of the study's table."""

    study: str
    rater: str
    trial: str
    position: int
    left: str
    """Item shown on the left, or the only one."""
    right: str | None
    answer: Choice
    """For a pair, `left` or `right` is said to be real; for a single picture, `real` or `generated`."""
    confidence: Grade | None
    """1 guessed to 5 certain; None for pairs."""
    realism: dict[str, Grade] = Field(default_factory=dict)
    """1 not at all to 5 fully, by feature."""
    seconds: float
    """Time from the picture to the answer."""
    time: datetime


@dataclass(frozen=True)
class Given:
    """What a rater says about a picture or a pair."""

    answer: Choice
    seconds: float
    confidence: int | None = None
    realism: tuple[tuple[str, int], ...] = ()


def next_trial(study: Study, rater: str) -> Shown | None:
    """Return the first trial without an answer in the rater's order; None at the end."""
    answered = {answer.trial for answer in answers_of(study, rater)}
    return next((shown for shown in order_for(study, rater) if shown.trial.id not in answered), None)


def store_answer(study: Study, rater: str, shown: Shown, given: Given, by: Person | None = None) -> Answer:
    """Keep an answer; it is in the store when this returns.

    Raises:
        UserError: The answer does not fit the question, confidence is missing, or the person is another rater or
            has opened the key.
    """
    by = by or acting_person()
    require(by, Action.RATE)
    if not by.is_local and rater != rater_of(by):
        raise UserError(f"{by.name} cannot answer as {rater!r}.")
    if has_opened_key(study, rater):
        raise UserError("You have opened the key of this study and can no longer rate in it; this answer was not kept.")
    pair = shown.trial.question == "pair"
    if given.answer not in (("left", "right") if pair else ("real", "generated")):
        raise UserError(f"{given.answer!r} is not an answer to a {shown.trial.question} question; choose again.")
    if not pair and given.confidence not in range(1, 6):
        raise UserError("Single pictures need a confidence of 1 to 5; choose again.")
    answer = Answer(
        study=study.definition.name,
        rater=rater_key(rater),
        trial=shown.trial.id,
        position=shown.position,
        left=shown.items[0],
        right=shown.items[1] if pair else None,
        answer=given.answer,
        confidence=given.confidence,
        realism=dict(given.realism),
        seconds=round(given.seconds, 3),
        time=datetime.now(UTC),
    )
    append_record(study.run_id, rater_folder(Artifact.STUDY_ANSWERS, rater), answer.trial, answer.model_dump_json())
    record(by, "answer", f"trial {answer.trial} of study {study.definition.name}")
    return answer


def answers_of(study: Study, rater: str) -> list[Answer]:
    """Read the answers of one rater, in the order given."""
    return _first_of_each(read_records(study.run_id, rater_folder(Artifact.STUDY_ANSWERS, rater)))


def all_answers(study: Study) -> list[Answer]:
    """Read the answers of all raters, in the order given."""
    return _first_of_each(read_records(study.run_id, Artifact.STUDY_ANSWERS))


def _first_of_each(records: list[str]) -> list[Answer]:
    """Keep the first answer of a rater who answers a trial in two windows at once."""
    ordered = sorted((Answer.model_validate_json(text) for text in records), key=lambda answer: answer.time)
    first: dict[tuple[str, str], Answer] = {}
    for answer in ordered:
        first.setdefault((answer.rater, answer.trial), answer)
    return list(first.values())
