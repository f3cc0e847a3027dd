"""Use case: what the answers of a study say, opened with its key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipelines.study.answers import Answer, all_answers
from pipelines.study.definition import FEWEST_CATCH_TRIALS, Question, Trial
from pipelines.study.studies import Study
from sem_models.evaluation.statistics.raters import Proportion, cohen_kappa, fleiss_kappa, proportion

CAREFUL = 0.8
"""Share of catch trials that whoever looks gets right."""


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


@dataclass(frozen=True)
class FoolRate:
    """How often generated pictures of a model were taken for real; `rater` None: by all together."""

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
    judgements: tuple[Judgement, ...]
    raters: tuple[str, ...]
    fool_rates: tuple[FoolRate, ...]
    real_called_real: dict[str | None, Proportion]
    """Single real pictures, by rater and None for all: who calls everything real fools himself of nothing."""
    catch: dict[str, Proportion]
    """Right answers on catch trials by rater; of its p value nothing is made."""
    kappas: tuple[Kappa, ...]
    notes: tuple[str, ...]


def study_results(study: Study) -> StudyResults:
    """Judge every answer so far; raters may still be at it."""
    judged = tuple(_judge(study, answer) for answer in all_answers(study))
    raters = tuple(sorted({judgement.answer.rater for judgement in judged}))
    scored = [judgement for judgement in judged if not judgement.trial.catch]
    catch = {name: _right([j for j in judged if j.trial.catch and j.answer.rater == name]) for name in raters}
    return StudyResults(
        study=study,
        judgements=judged,
        raters=raters,
        fool_rates=tuple(_fool_rates(study, scored, raters)),
        real_called_real=_real_called_real(scored, raters) if "single" in study.definition.questions else {},
        catch=catch,
        kappas=tuple(_agreement(study, scored, raters)),
        notes=tuple(_notes(study, judged, catch)),
    )


def _judge(study: Study, answer: Answer) -> Judgement:
    """Open one answer with the key."""
    trial = study.trials[answer.trial]
    generated = [study.items[name] for name in trial.items if not study.items[name].is_real]
    model = generated[0].model if generated else None
    if trial.question == "single":
        called_real = answer.answer == "real"
        return Judgement(answer, trial, model, called_real != bool(generated), called_real)
    chosen = answer.left if answer.answer == "left" else answer.right
    return Judgement(answer, trial, model, chosen != generated[0].id, chosen == trial.items[0])


def _right(judgements: Sequence[Judgement]) -> Proportion:
    return proportion(sum(judgement.correct for judgement in judgements), len(judgements))


def _fool_rates(study: Study, scored: Sequence[Judgement], raters: Sequence[str]) -> list[FoolRate]:
    rates = []
    for model in study.definition.labels:
        for question in study.definition.questions:
            own = [j for j in scored if j.model == model and j.trial.question == question]
            for rater in (None, *raters):
                mine = [j for j in own if rater in (None, j.answer.rater)]
                wrong = proportion(sum(not j.correct for j in mine), len(mine))
                rates.append(FoolRate(model, question, rater, wrong))
    return rates


def _real_called_real(scored: Sequence[Judgement], raters: Sequence[str]) -> dict[str | None, Proportion]:
    real = [judgement for judgement in scored if judgement.model is None]
    return {rater: _right([j for j in real if rater in (None, j.answer.rater)]) for rater in (None, *raters)}


def _agreement(study: Study, scored: Sequence[Judgement], raters: Sequence[str]) -> Iterator[Kappa]:
    """Cohen's kappa for each two raters, and Fleiss' for all who have finished, where they are three at least.

    Compared is which picture was called real, not whether that was right: raters who are all always right would
    agree on one category, which is no more than chance could do.
    """
    for question in study.definition.questions:
        own = [judgement for judgement in scored if judgement.trial.question == question]
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


def _notes(study: Study, judged: Sequence[Judgement], catch: dict[str, Proportion]) -> list[str]:
    notes = [
        f"{rater} got {right.hits} of {right.n} catch trials right: these answers may not come from looking."
        for rater, right in catch.items()
        if right.n and right.rate < CAREFUL
    ]
    if study.definition.catch_trials < FEWEST_CATCH_TRIALS:
        notes.append(f"Fewer than {FEWEST_CATCH_TRIALS} catch trials say little about whether raters looked.")
    given, wanted = len(judged), len(study.key.trials)
    unfinished = sorted(
        rater for rater in catch if sum(judgement.answer.rater == rater for judgement in judged) < wanted
    )
    if unfinished:
        notes.append(f"Not finished yet: {', '.join(unfinished)} ({given} answers of {wanted * len(catch)} are there).")
    return notes
