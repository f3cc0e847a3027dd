"""Use case: read the answers of a study with its key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipelines.study.answers import Answer, all_answers
from pipelines.study.definition import FEWEST_CATCH_TRIALS, Question, Trial
from pipelines.study.studies import Study
from sem_models.evaluation.statistics.raters import Proportion, cohen_kappa, fleiss_kappa, proportion

CAREFUL = 0.8
"""Share of catch trials that anyone who looks gets right."""


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer beside the truth."""

    answer: Answer
    trial: Trial
    model: str | None
    """Model of the generated picture in the trial; None where the only picture was real."""
    correct: bool
    real_first: bool
    """Whether the first of a pair, in the key's random order, or the single picture was called real."""


@dataclass(frozen=True)
class FoolRate:
    """How often generated pictures of a model were taken for real; by all raters together where `rater` is None."""

    model: str
    question: Question
    rater: str | None
    wrong: Proportion


@dataclass(frozen=True)
class Kappa:
    """Agreement on the trials that all of `raters` answered, catch trials left out."""

    question: Question
    raters: tuple[str, ...]
    method: str
    trials: int
    value: float


@dataclass(frozen=True)
class StudyResults:
    """Everything that tables and charts show."""

    study: Study
    checked_answers: tuple[CheckedAnswer, ...]
    raters: tuple[str, ...]
    fool_rates: tuple[FoolRate, ...]
    real_called_real: dict[str | None, Proportion]
    """Single real pictures, by rater and None for all: calling everything real is no skill."""
    catch: dict[str, Proportion]
    """Right answers on catch trials by rater; the p value is not used."""
    kappas: tuple[Kappa, ...]
    notes: tuple[str, ...]


def study_results(study: Study) -> StudyResults:
    """Check every answer so far; raters may still be answering."""
    checked_answers = tuple(_check(study, answer) for answer in all_answers(study))
    raters = tuple(sorted({checked.answer.rater for checked in checked_answers}))
    scored = [checked for checked in checked_answers if not checked.trial.catch]
    catch = {name: _right([j for j in checked_answers if j.trial.catch and j.answer.rater == name]) for name in raters}
    return StudyResults(
        study=study,
        checked_answers=checked_answers,
        raters=raters,
        fool_rates=tuple(_fool_rates(study, scored, raters)),
        real_called_real=_real_called_real(scored, raters) if "single" in study.definition.questions else {},
        catch=catch,
        kappas=tuple(_agreement(study, scored, raters)),
        notes=tuple(_notes(study, checked_answers, catch)),
    )


def _check(study: Study, answer: Answer) -> CheckedAnswer:
    """Compare one answer with the key."""
    trial = study.trials[answer.trial]
    generated = [study.items[name] for name in trial.items if not study.items[name].is_real]
    model = generated[0].model if generated else None
    if trial.question == "single":
        called_real = answer.answer == "real"
        return CheckedAnswer(answer, trial, model, called_real != bool(generated), called_real)
    chosen = answer.left if answer.answer == "left" else answer.right
    return CheckedAnswer(answer, trial, model, chosen != generated[0].id, chosen == trial.items[0])


def _right(checked_answers: Sequence[CheckedAnswer]) -> Proportion:
    return proportion(sum(checked.correct for checked in checked_answers), len(checked_answers))


def _fool_rates(study: Study, scored: Sequence[CheckedAnswer], raters: Sequence[str]) -> list[FoolRate]:
    rates = []
    for model in study.definition.labels:
        for question in study.definition.questions:
            own = [j for j in scored if j.model == model and j.trial.question == question]
            for rater in (None, *raters):
                mine = [j for j in own if rater in (None, j.answer.rater)]
                wrong = proportion(sum(not j.correct for j in mine), len(mine))
                rates.append(FoolRate(model, question, rater, wrong))
    return rates


def _real_called_real(scored: Sequence[CheckedAnswer], raters: Sequence[str]) -> dict[str | None, Proportion]:
    real = [checked for checked in scored if checked.model is None]
    return {rater: _right([j for j in real if rater in (None, j.answer.rater)]) for rater in (None, *raters)}


def _agreement(study: Study, scored: Sequence[CheckedAnswer], raters: Sequence[str]) -> Iterator[Kappa]:
    """Compute Cohen's kappa for each two raters, and Fleiss' for all who have finished, if they are at least three.

    What is compared is which picture was called real, not whether that was right: raters who are always right would
    agree on one category, as they would by chance.
    """
    for question in study.definition.questions:
        own = [checked for checked in scored if checked.trial.question == question]
        said = {rater: {j.trial.id: j.real_first for j in own if j.answer.rater == rater} for rater in raters}
        for pair in combinations(raters, 2):
            common = sorted(said[pair[0]].keys() & said[pair[1]].keys())
            value = cohen_kappa(*([said[rater][trial] for trial in common] for rater in pair))
            yield Kappa(question, pair, "Cohen", len(common), value)
        trials = [t.id for t in study.key.trials if t.question == question and not t.catch]
        finished = [rater for rater in raters if len(said[rater]) == len(trials)]
        if len(finished) > 2 and trials:
            firsts = [sum(said[rater][trial] for rater in finished) for trial in trials]
            value = fleiss_kappa([(count, len(finished) - count) for count in firsts])
            yield Kappa(question, tuple(finished), "Fleiss", len(trials), value)


def _notes(study: Study, checked_answers: Sequence[CheckedAnswer], catch: dict[str, Proportion]) -> list[str]:
    notes = [
        f"{rater} got {right.hits} of {right.n} catch trials right: this rater may not have looked."
        for rater, right in catch.items()
        if right.n and right.rate < CAREFUL
    ]
    if study.definition.catch_trials < FEWEST_CATCH_TRIALS:
        notes.append(f"Fewer than {FEWEST_CATCH_TRIALS} catch trials say little about whether raters looked.")
    given, wanted = len(checked_answers), len(study.key.trials)
    unfinished = sorted(
        rater for rater in catch if sum(checked.answer.rater == rater for checked in checked_answers) < wanted
    )
    if unfinished:
        notes.append(
            f"Not finished yet: {', '.join(unfinished)} ({given} of {wanted * len(catch)} answers are stored)."
        )
    return notes
