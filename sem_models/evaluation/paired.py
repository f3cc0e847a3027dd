"""Models compared with a reference model, image by image: differences, intervals, corrected p values and ranks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.report import EvaluationReport
from sem_models.evaluation.statistics.intervals import (
    Interval,
    cluster_interval,
    holm,
    signed_rank_p,
)

LEVEL = 0.05
"""Largest corrected p of a difference that is called better or worse."""


def unit(metric: str) -> str:
    """Return the unit of a score and of a difference of scores."""
    row = METRICS[metric]
    return f"distance from {row.ideal:g}" if row.in_between else row.unit or "no unit"


def direction(metric: str) -> Literal[1, -1]:
    """Return 1 if a larger `measured` value is better, else -1."""
    return 1 if METRICS[metric].ideal == math.inf else -1


def measured(metric: str, score: float) -> float:
    """Return what is ranked and subtracted: the score, or its distance from a best value that lies in between."""
    return abs(score - METRICS[metric].ideal) if METRICS[metric].in_between else score


def mean_goodness(report: EvaluationReport, metric: str) -> float:
    """Return the mean over images, negated if lower is better; -inf if no image has the score."""
    values = [direction(metric) * measured(metric, value) for value in report.values(report.model, metric)]
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("-inf")


@dataclass(frozen=True)
class ImageDifference:
    """Model minus reference on one image."""

    image: str
    group: str
    value: float


@dataclass(frozen=True)
class Paired:
    """One model against the reference by one metric; differences are model minus reference."""

    metric: str
    differences: tuple[ImageDifference, ...]
    """Differences on the images that both have scores for."""
    interval: Interval
    p: float
    """Two-sided signed-rank test over specimens."""
    p_holm: float
    """Corrected over all comparisons by this metric that are shown together."""

    @property
    def groups(self) -> int:
        """Number of specimens."""
        return len({difference.group for difference in self.differences})

    @property
    def effect_size(self) -> float:
        """Cohen's d of paired differences: their mean over specimens divided by their standard deviation.

        Each specimen counts once, with the mean of its images, as in the test. It has the sign of the difference; NaN
        with fewer than two specimens or where all differ alike.
        """
        by_group: dict[str, list[float]] = {}
        for difference in self.differences:
            by_group.setdefault(difference.group, []).append(difference.value)
        means = np.array([np.mean(values) for values in by_group.values()])
        spread = float(means.std(ddof=1)) if means.size > 1 else 0.0
        return float(means.mean()) / spread if spread > 0 else float("nan")

    @property
    def better_on(self) -> int:
        """Number of images on which the model is better than the reference."""
        return sum(direction(self.metric) * difference.value > 0 for difference in self.differences)

    @property
    def verdict(self) -> Literal["better", "worse", "no difference shown"]:
        """Whether the model is better or worse: the interval excludes zero and the corrected p is at most `LEVEL`."""
        if self.p_holm > LEVEL:
            return "no difference shown"
        lo, hi = sorted((direction(self.metric) * self.interval.lo, direction(self.metric) * self.interval.hi))
        return "better" if lo > 0 else "worse" if hi < 0 else "no difference shown"


def compare_to(reference: EvaluationReport, others: Sequence[EvaluationReport], metric: str) -> tuple[Paired, ...]:
    """Compare each of the others with the reference; their p values are corrected as one family.

    Raises:
        ValueError: One of them was not scored in the same way as the reference.
    """
    return _one_family([_paired(reference, other, metric) for other in others])


def against_baselines(reports: Sequence[EvaluationReport], baselines: Sequence[str], metric: str) -> tuple[Paired, ...]:
    """Compare each model with each baseline of its own report; all p values are corrected as one family."""
    references = [
        (report, report.model_copy(update={"model": baseline})) for report in reports for baseline in baselines
    ]
    return _one_family([_paired(baseline, report, metric) for report, baseline in references])


def _one_family(single: Sequence[Paired]) -> tuple[Paired, ...]:
    corrected = holm([paired.p for paired in single])
    return tuple(replace(paired, p_holm=p) for paired, p in zip(single, corrected, strict=True))


def _paired(reference: EvaluationReport, other: EvaluationReport, metric: str) -> Paired:
    if different := other.differs_from(reference):
        raise ValueError(f"{other.model} and {reference.model} cannot be paired: {'; '.join(different)}")
    differences = _differences(reference, other, metric)
    values, groups = [d.value for d in differences], [d.group for d in differences]
    p = signed_rank_p(values, groups)
    return Paired(metric, differences, cluster_interval(values, groups), p, p)


def _differences(reference: EvaluationReport, other: EvaluationReport, metric: str) -> tuple[ImageDifference, ...]:
    """Subtract scores image by image, matched by the name of the image."""
    base, scores = scores_by_image(reference, metric), scores_by_image(other, metric)
    groups = {row.image: row.group for row in reference.rows}
    common = [image for image in base if image in scores]
    return tuple(ImageDifference(image, groups[image], scores[image] - base[image]) for image in common)


def scores_by_image(report: EvaluationReport, metric: str) -> dict[str, float]:
    """Return what is compared of the model of a report, by image; images without the score are left out."""
    own = [(row.image, row.scores.get(metric)) for row in report.rows if row.method == report.model]
    return {image: measured(metric, score) for image, score in own if score is not None}


@dataclass(frozen=True)
class Rank:
    """The rank of one model among all, image by image."""

    mean: float
    """Mean rank over images, 1 is best; ties share their mean rank."""
    first: int
    """Number of images on which no other model is better."""
    images: int


def ranks(reports: Sequence[EvaluationReport], metric: str) -> tuple[Rank, ...]:
    """Return the rank of each model on the images that all of them have scores for."""
    from scipy.stats import rankdata  # SciPy's statistics take seconds to import

    scores = [scores_by_image(report, metric) for report in reports]
    images = [image for image in scores[0] if all(image in one for one in scores)]
    if not images:
        return tuple(Rank(float("nan"), 0, 0) for _ in reports)
    table = np.array([[-direction(metric) * one[image] for image in images] for one in scores])
    placed, best = rankdata(table, axis=0), table == table.min(axis=0)
    return tuple(
        Rank(float(place.mean()), int(first.sum()), len(images)) for place, first in zip(placed, best, strict=True)
    )
