"""An answer beside the truth that the study's key holds."""

from dataclasses import dataclass

from pipelines.study.answers import Answer
from pipelines.study.definition import Trial
from pipelines.study.studies import Study


@dataclass(frozen=True)
class Judgement:
    """An answer beside the truth."""

    answer: Answer
    trial: Trial
    model: str | None
    """Of the generated picture in the trial; None where the only picture was real."""
    correct: bool
    real_first: bool
    """Whether the first of a pair, in the key's random order, or the single picture was called real."""


def judge(study: Study, answer: Answer) -> Judgement:
    """Open one answer with the key."""
    trial = study.trials[answer.trial]
    generated = [study.items[name] for name in trial.items if study.items[name].kind != "real"]
    model = generated[0].model if generated else None
    if trial.question == "single":
        called_real = answer.answer == "real"
        return Judgement(answer, trial, model, called_real != bool(generated), called_real)
    chosen = answer.left if answer.answer == "left" else answer.right
    return Judgement(answer, trial, model, chosen != generated[0].id, chosen == trial.items[0])
