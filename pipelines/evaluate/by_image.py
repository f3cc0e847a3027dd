"""A comparison image by image: what each method reaches on it, and on which images the best model helps least."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.verdict import strongest_baseline
from sem_models.evaluation.paired import direction, mean_goodness, measured
from sem_models.evaluation.report import EvaluationReport


@dataclass(frozen=True)
class ImageScores:
    """One test image: the score of each method, and how much the best model gains on it."""

    image: str
    group: str
    scores: Mapping[str, float]
    """By `Column.model` or the name of a baseline; methods without a score on this image are missing."""
    gain: float
    """The best model compared with the reference, positive where it is better; NaN if either has no score."""


@dataclass(frozen=True)
class ByImage:
    """All test images, those first on which the best model gains least."""

    best: str
    reference: str
    """The strongest baseline; if there is none the second best model, or the best one itself if it is alone."""
    images: tuple[ImageScores, ...]


def by_image(comparison: Comparison, metric: str) -> ByImage:
    """Order the images of a comparison by what the best model gains on them, the worst first."""
    ordered = sorted(comparison.columns, key=lambda column: -mean_goodness(column.report, metric))
    tables = {column.model: _scores(column.report, column.report.model, metric) for column in comparison.columns}
    report = comparison.columns[0].report
    tables |= {name: _scores(report, name, metric) for name in comparison.baselines}
    best = ordered[0].model
    reference = strongest_baseline(comparison, metric) or ordered[min(1, len(ordered) - 1)].model
    groups = {row.image: row.group for row in report.rows}
    images = [
        ImageScores(
            image,
            group,
            {method: table[image] for method, table in tables.items() if image in table},
            _gain(tables[best], tables[reference], image, metric, alone=best == reference),
        )
        for image, group in groups.items()
    ]
    return ByImage(best, reference, tuple(_worst_first(images)))


def _scores(report: EvaluationReport, method: str, metric: str) -> dict[str, float]:
    found = ((row.image, row.scores.get(metric)) for row in report.rows if row.method == method)
    return {image: score for image, score in found if score is not None}


def _gain(best: Mapping[str, float], reference: Mapping[str, float], image: str, metric: str, alone: bool) -> float:
    """Return how much better the best model is; where it is alone, how good it is."""
    if image not in best or image not in reference:
        return math.nan
    ours, theirs = (direction(metric) * measured(metric, table[image]) for table in (best, reference))
    return ours if alone else ours - theirs


def _worst_first(images: Sequence[ImageScores]) -> list[ImageScores]:
    return sorted(images, key=lambda one: (math.isnan(one.gain), one.gain))
