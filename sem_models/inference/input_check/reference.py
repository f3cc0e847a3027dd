"""What the inputs looked like that a model learned from, and how unlike them another image is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from sem_models.config.frozen import Frozen
from sem_models.inference.input_check.statistics import MEANINGS, Plane, Statistics, image_statistics

_PERCENT = (2.0, 50.0, 98.0)
_FEWEST = 8
_SHRUNK = 0.1
"""Part of each correlation that is taken away, because few images tell little about many correlations."""
_NARROWEST = 0.03
_FARTHEST = 8.0
"""Largest deviation that counts, so that no single statistic hides the others."""
_UNUSUAL = 1.5
_MOST_REASONS = 2
_FARTHER = 2.0
_FAINTER = 1.2
"""By how much the limits of distance and of edges lie beyond the most unusual validation input, because there are few
of these. Nearer limits of distance warn of many images that are not harmed."""
_HIGHER = 1.1
"""By how much that of periodicity lies beyond the highest of training and validation inputs."""
_KNOTS = 8
_FAINTEST = 0.01
EDGES = ("sparse 4 px", "sparse 8 px", "sparse 16 px")
"""Statistics of which at least one is large where edges stand out from the noise, whatever their size."""
_NO_EDGES = "hardly anything stands out from the noise"
_WHAT_TO_DO = "trust no detail of the result that you cannot find in the image itself"
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class InputCheck:
    """How unlike the inputs of a training an image is."""

    excess: float
    """The largest of three ratios to their limits: distance, faintness of edges, periodicity. Above 1: a warning.
    Faintness and periodicity count only above 1, because below they say nothing about the kind of image."""
    reasons: tuple[str, ...]
    """What is most unusual about the image, the most unusual first."""

    @property
    def warning(self) -> str:
        """What is unlike and what to do, in one sentence without a full stop; empty if nothing is unlike.

        The pages, the command line and the history of outputs all say it in these words.
        """
        if self.excess <= 1:
            return ""
        seen = "; ".join(self.reasons)
        return f"This image is unlike those that the model learned from ({seen}): {_WHAT_TO_DO}"


class Limits(Frozen):
    """Beyond these an image is unlike the inputs of a training."""

    distance: float
    """Largest Mahalanobis distance from them, over the square root of the number of statistics."""
    edges: float
    """Least of the largest statistic of edges."""
    periodicity: tuple[tuple[float, float], ...]
    """Statistics of noise, ascending, and the largest of periodicity among inputs of at least that noise: an image of
    little noise may have sharp peaks, a noisy one only if it is a lattice."""

    def periodicity_at(self, noise: float) -> float:
        """Return the limit of periodicity for an image of this statistic of noise."""
        return next((limit for own, limit in reversed(self.periodicity) if own <= noise), self.periodicity[0][1])


class InputReference(Frozen):
    """Percentiles of the statistics of training inputs, how the statistics are correlated, and limits."""

    percentiles: dict[str, tuple[float, float, float]]
    """2nd, 50th and 98th of each statistic."""
    correlations: tuple[tuple[float, ...], ...]
    """Between deviations from the median, which are divided by the width of their side of the distribution."""
    limits: Limits
    """Of distance and edges from the inputs of the validation split, of periodicity from those of both splits."""
    images: int
    """From how many training images the rest is."""

    @model_validator(mode="after")
    def _is_sound(self) -> "InputReference":
        if list(self.percentiles) != list(MEANINGS):
            raise ValueError("the statistics are not those of this version")
        if {len(row) for row in self.correlations} != {len(MEANINGS)} or len(self.correlations) != len(MEANINGS):
            raise ValueError("there must be one correlation for each pair of statistics")
        return self

    @classmethod
    def of(cls, seen: Sequence[Statistics], validation: Sequence[Statistics], images: int) -> "InputReference | None":
        """Summarise the statistics of training inputs; None if there are too few to tell what is usual.

        Args:
            seen: Statistics of inputs of the training split.
            validation: Those of the validation split, from which the limits are; the same as `seen` if it has none.
            images: From how many images `seen` is.
        """
        if len(seen) < _FEWEST:
            return None
        table = np.array([[one[name] for name in MEANINGS] for one in seen])
        percentiles = np.percentile(table, _PERCENT, axis=0).T
        correlations: Matrix = np.nan_to_num(np.asarray(np.corrcoef(_deviations(table, percentiles).T)))
        correlations *= 1 - _SHRUNK
        np.fill_diagonal(correlations, 1.0)
        reference = cls(
            percentiles=dict(zip(MEANINGS, map(_rounded, percentiles), strict=True)),
            correlations=tuple(map(_rounded, correlations)),
            limits=Limits(distance=np.inf, edges=-np.inf, periodicity=((0.0, np.inf),)),
            images=images,
        )
        return reference.model_copy(update={"limits": reference._limits_of(seen, validation or seen)})

    def _limits_of(self, seen: Sequence[Statistics], validation: Sequence[Statistics]) -> Limits:
        every = (*seen, *validation)
        noise, periodicity = (np.array([one[name] for one in every]) for name in ("noise", "periodicity"))
        knots = np.quantile(noise, np.arange(_KNOTS) / _KNOTS)
        return Limits(
            distance=round(_FARTHER * max(map(self.distance, validation)), 4),
            edges=round(min(map(_edges, validation)) / _FAINTER, 4),
            periodicity=tuple(
                (round(float(own), 4), round(_HIGHER * float(periodicity[noise >= own].max()), 4)) for own in knots
            ),
        )

    def distance(self, statistics: Statistics) -> float:
        """Return how far an image is from the training inputs."""
        deviations = self._deviations_of(statistics)
        return float(np.sqrt(deviations @ self._inverse @ deviations / len(deviations)))

    def check(self, image: Plane) -> InputCheck | None:
        """Compare (H, W), in any grey levels, with the training inputs; None if it is too small or flat."""
        statistics = image_statistics(image)
        return self.judge(statistics) if statistics else None

    def judge(self, statistics: Statistics) -> InputCheck:
        """Compare the statistics of an image with those of the training inputs."""
        ratios = {
            _NO_EDGES: max(self.limits.edges, _FAINTEST) / max(_edges(statistics), _FAINTEST),
            MEANINGS["periodicity"].more: statistics["periodicity"] / self.limits.periodicity_at(statistics["noise"]),
        }
        distance = self.distance(statistics) / self.limits.distance
        beyond = {text: ratio for text, ratio in ratios.items() if ratio > 1}
        reasons = sorted(beyond, key=beyond.__getitem__, reverse=True)
        if distance > 1 or not reasons:
            reasons += [text for text in self._unusual(statistics) if text not in reasons]
        return InputCheck(max(distance, *beyond.values()) if beyond else distance, tuple(reasons[:_MOST_REASONS]))

    def _unusual(self, statistics: Statistics) -> list[str]:
        """Say in what an image differs most, at least in one thing."""
        deviations = self._deviations_of(statistics)
        order = [int(index) for index in np.argsort(-np.abs(deviations))]
        chosen = [index for index in order[:_MOST_REASONS] if abs(deviations[index]) > _UNUSUAL] or order[:1]
        meanings = list(MEANINGS.values())
        return [meanings[index].more if deviations[index] > 0 else meanings[index].less for index in chosen]

    def _deviations_of(self, statistics: Statistics) -> NDArray[np.float64]:
        values = np.array([[statistics[name] for name in MEANINGS]])
        found: NDArray[np.float64] = _deviations(values, np.array(list(self.percentiles.values())))[0]
        return found

    @cached_property
    def _inverse(self) -> Matrix:
        inverse: Matrix = np.linalg.inv(np.array(self.correlations))
        return inverse


def _edges(statistics: Statistics) -> float:
    return max(statistics[name] for name in EDGES)


def _deviations(table: Matrix, percentiles: Matrix) -> Matrix:
    """Return (N, S) values as deviations from the median, 1 at the 98th and -1 at the 2nd percentile."""
    low, middle, high = percentiles.T
    below, above = np.maximum(middle - low, _NARROWEST), np.maximum(high - middle, _NARROWEST)
    deviations: Matrix = (table - middle) / np.where(table < middle, below, above)
    return np.clip(deviations, -_FARTHEST, _FARTHEST)


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
