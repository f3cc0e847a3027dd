"""Models against one reference, image by image: differences, intervals, corrected p values and ranks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.report import EvaluationReport
from sem_models.evaluation.statistics.intervals import (
    FEWEST_GROUPS,
    Interval,
    bootstrap_interval,
    cluster_interval,
    holm,
    signed_rank_p,
)

LEVEL = 0.05
"""Of the corrected p: a few images can have an interval off zero by luck, because it is then too narrow."""


def unit(metric: str) -> str:
    """Unit of a score and of a difference of scores."""
    row = METRICS[metric]
    return f"distance from {row.ideal:g}" if row.in_between else row.unit or "no unit"


def direction(metric: str) -> Literal[1, -1]:
    """1 where a larger `measured` value is better, else -1."""
    return 1 if METRICS[metric].ideal == math.inf else -1


def measured(metric: str, score: float) -> float:
    """What is ranked and subtracted: the score, or its distance from the best value where that lies in between."""
    return abs(score - METRICS[metric].ideal) if METRICS[metric].in_between else score


def mean_goodness(report: EvaluationReport, metric: str) -> float:
    """Mean over images, larger is better whatever the metric; -inf where no image has the score."""
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
    """Of the images that both scored."""
    interval: Interval
    resampled: Literal["groups", "images"]
    """What the bootstrap drew."""
    p: float
    p_holm: float
    """Corrected over all comparisons by this metric that are shown together."""

    @property
    def groups(self) -> int:
        """Number of specimens."""
        return len({difference.group for difference in self.differences})

    @property
    def verdict(self) -> Literal["better", "worse", "not shown"]:
        """Of the model, where the interval leaves zero out and the corrected p is at most `LEVEL`."""
        if self.p_holm > LEVEL:
            return "not shown"
        lo, hi = sorted((direction(self.metric) * self.interval.lo, direction(self.metric) * self.interval.hi))
        return "better" if lo > 0 else "worse" if hi < 0 else "not shown"


def compare_to(reference: EvaluationReport, others: Sequence[EvaluationReport], metric: str) -> tuple[Paired, ...]:
    """Each of the others against the reference; p values are one family.

    Raises:
        ValueError: One of them was not scored in the reference's way.
    """
    return _one_family([_paired(reference, other, metric) for other in others])


def against_baselines(reports: Sequence[EvaluationReport], baselines: Sequence[str], metric: str) -> tuple[Paired, ...]:
    """Each model minus each baseline of its own report, report by report; p values are one family."""
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
    clustered = len(set(groups)) >= FEWEST_GROUPS
    interval = cluster_interval(values, groups) if clustered else bootstrap_interval(values)
    p = signed_rank_p(values)
    return Paired(metric, differences, interval, "groups" if clustered else "images", p, p)


def _differences(reference: EvaluationReport, other: EvaluationReport, metric: str) -> tuple[ImageDifference, ...]:
    """By the name of the image, whatever the order of the rows."""
    base, scores = _scores(reference, metric), _scores(other, metric)
    groups = {row.image: row.group for row in reference.rows}
    common = [image for image in base if image in scores]
    return tuple(ImageDifference(image, groups[image], scores[image] - base[image]) for image in common)


def _scores(report: EvaluationReport, metric: str) -> dict[str, float]:
    own = [(row.image, row.scores.get(metric)) for row in report.rows if row.method == report.model]
    return {image: measured(metric, score) for image, score in own if score is not None}


@dataclass(frozen=True)
class Rank:
    """How one model stands among all, image by image."""

    mean: float
    """Mean over images of the rank, 1 is best; ties share their mean rank."""
    first: int
    """Images on which no other model is better."""
    images: int


def ranks(reports: Sequence[EvaluationReport], metric: str) -> tuple[Rank, ...]:
    """The rank of each model on the images that all of them scored."""
    scores = [_scores(report, metric) for report in reports]
    images = [image for image in scores[0] if all(image in one for one in scores)]
    if not images:
        return tuple(Rank(float("nan"), 0, 0) for _ in reports)
    table = np.array([[-direction(metric) * one[image] for image in images] for one in scores])
    placed, best = rankdata(table, axis=0), table == table.min(axis=0)
    return tuple(
        Rank(float(place.mean()), int(first.sum()), len(images)) for place, first in zip(placed, best, strict=True)
    )
