"""How far raters agree on which picture is real."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipelines.study.definition import Question
from pipelines.study.judgement import Judgement
from pipelines.study.studies import Study
from sem_models.evaluation.rater_statistics import cohen_kappa, fleiss_kappa


@dataclass(frozen=True)
class Kappa:
    """Agreement on the trials that all of `raters` answered, catch trials left out."""

    question: Question
    raters: tuple[str, ...]
    method: str
    trials: int
    value: float


def agreement(study: Study, scored: Sequence[Judgement], raters: Sequence[str]) -> Iterator[Kappa]:
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
