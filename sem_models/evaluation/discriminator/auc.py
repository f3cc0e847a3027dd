"""How well a classifier tells generated from real images: the area under the ROC curve and its interval."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sem_models.config.frozen import Frozen
from sem_models.evaluation.statistics.intervals import FEWEST_GROUPS

_RESAMPLES = 10_000
_SEED = 20161
_LIMITS = (2.5, 97.5)


class Auc(Frozen):
    """Probability that a generated image gets a higher logit than a real one: 0.5 is chance, 1 is always recognised."""

    value: float
    """Mean over seeds."""
    lo: float | None
    hi: float | None
    """95 % bootstrap interval; None if there is only one group or image to resample."""
    per_seed: tuple[float, ...]
    resampled: Literal["groups", "images"]
    """What the bootstrap resampled as a whole, real and generated parts together."""

    @property
    def contains_half(self) -> bool:
        """Whether 0.5 lies in the interval; False if there is none."""
        return self.lo is not None and self.hi is not None and self.lo <= 0.5 <= self.hi

    @property
    def text(self) -> str:
        """Value and interval, such as `0.93 [0.88, 0.97]`."""
        return f"{self.value:.2f}" + ("" if self.lo is None else f" [{self.lo:.2f}, {self.hi:.2f}]")


@dataclass(frozen=True)
class PairLogits:
    """Logits that one classifier gave one image pair: those of its patches, or their mean alone."""

    real: NDArray[np.float64]
    generated: NDArray[np.float64]
    image: str
    group: str
    fold: int

    @property
    def whole(self) -> "PairLogits":
        """One logit for each image: the mean over its patches."""
        real, generated = (logits.mean(keepdims=True) for logits in (self.real, self.generated))
        return PairLogits(real, generated, self.image, self.group, self.fold)


def by_image(found: Sequence[PairLogits]) -> list[PairLogits]:
    """Join the logits of all parts of an image under its name."""
    parts: dict[str, list[PairLogits]] = {}
    for one in found:
        parts.setdefault(one.image, []).append(one)
    return [
        replace(
            same[0],
            real=np.concatenate([part.real for part in same]),
            generated=np.concatenate([part.generated for part in same]),
        )
        for same in parts.values()
    ]


def auc_over_seeds(seeds: Sequence[Sequence[PairLogits]]) -> Auc:
    """Compute the AUC of each seed, their mean, and its interval.

    Logits of two classifiers have different scales, so only real and generated images of the same fold are compared.
    The bootstrap resamples whole groups, which carry all their comparisons with them (Davison and Hinkley, 1997), or
    images if there are fewer than three groups. It covers how groups differ, not how classifiers would differ with
    other training images.
    """
    by_group = len({pair.group for pair in seeds[0]}) >= FEWEST_GROUPS
    units = sorted({pair.group if by_group else pair.image for pair in seeds[0]})
    place = {unit: index for index, unit in enumerate(units)}
    tables = [_concordance(seed, [place[j.group if by_group else j.image] for j in seed], len(units)) for seed in seeds]
    per_seed = tuple(float(won.sum() / count.sum()) for won, count in tables)
    lo, hi = _interval(*(np.mean([table[part] for table in tables], axis=0) for part in (0, 1)))
    return Auc(
        value=float(np.mean(per_seed)), lo=lo, hi=hi, per_seed=per_seed, resampled="groups" if by_group else "images"
    )


def _concordance(
    pairs: Sequence[PairLogits], place: Sequence[int], units: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count comparisons that the generated image wins, ties half, and all: (U, U) each, real down, generated across."""
    won, count = np.zeros((units, units)), np.zeros((units, units))
    for a, real in zip(place, pairs, strict=True):
        for b, generated in zip(place, pairs, strict=True):
            if real.fold == generated.fold:
                difference = generated.generated[None, :] - real.real[:, None]
                won[a, b] += (difference > 0).sum() + 0.5 * (difference == 0).sum()
                count[a, b] += difference.size
    return won, count


def _interval(won: NDArray[np.float64], count: NDArray[np.float64]) -> tuple[float | None, float | None]:
    units = len(won)
    if units < 2:
        return None, None
    drawn = np.random.default_rng(_SEED).multinomial(units, [1 / units] * units, _RESAMPLES).astype(np.float64)
    shares = ((drawn @ won) * drawn).sum(1) / ((drawn @ count) * drawn).sum(1)
    lo, hi = np.percentile(shares, _LIMITS)
    return float(lo), float(hi)
