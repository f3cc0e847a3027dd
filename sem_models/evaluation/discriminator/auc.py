"""How well a judge tells generated from real: the area under the ROC curve and its interval."""

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
    """Probability that a generated one gets the higher logit: 0.5 cannot be told apart, 1 is always found out."""

    value: float
    """Mean over seeds."""
    lo: float | None
    hi: float | None
    """95 % bootstrap interval; None where there is only one unit to draw."""
    per_seed: tuple[float, ...]
    resampled: Literal["groups", "images"]
    """What the bootstrap drew whole, with its real and its generated part."""

    @property
    def contains_half(self) -> bool:
        """Whether 0.5 lies in the interval; not where there is none."""
        return self.lo is not None and self.hi is not None and self.lo <= 0.5 <= self.hi

    @property
    def text(self) -> str:
        """`0.93 [0.88, 0.97]`."""
        return f"{self.value:.2f}" + ("" if self.lo is None else f" [{self.lo:.2f}, {self.hi:.2f}]")


@dataclass(frozen=True)
class Judged:
    """Logits of one image pair by one judge: of its patches, or their mean alone."""

    real: NDArray[np.float64]
    generated: NDArray[np.float64]
    image: str
    group: str
    fold: int

    @property
    def whole(self) -> "Judged":
        """One logit an image: the mean over its patches."""
        real, generated = (logits.mean(keepdims=True) for logits in (self.real, self.generated))
        return Judged(real, generated, self.image, self.group, self.fold)


def by_image(found: Sequence[Judged]) -> list[Judged]:
    """The logits of all parts of an image under its name."""
    parts: dict[str, list[Judged]] = {}
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


def auc_over_seeds(seeds: Sequence[Sequence[Judged]]) -> Auc:
    """The AUC of each seed, their mean, and its interval.

    Logits of two judges have two scales, so that only real and generated ones of the same fold are compared. The
    bootstrap draws whole groups, which carry all their comparisons with them (Davison and Hinkley, 1997; images where
    there are fewer than three groups). It knows how groups differ, not how judges would with other training images.
    """
    by_group = len({judged.group for judged in seeds[0]}) >= FEWEST_GROUPS
    units = sorted({judged.group if by_group else judged.image for judged in seeds[0]})
    place = {unit: index for index, unit in enumerate(units)}
    tables = [_concordance(seed, [place[j.group if by_group else j.image] for j in seed], len(units)) for seed in seeds]
    per_seed = tuple(float(won.sum() / count.sum()) for won, count in tables)
    lo, hi = _interval(*(np.mean([table[part] for table in tables], axis=0) for part in (0, 1)))
    return Auc(
        value=float(np.mean(per_seed)), lo=lo, hi=hi, per_seed=per_seed, resampled="groups" if by_group else "images"
    )


def _concordance(
    judged: Sequence[Judged], place: Sequence[int], units: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(U, U) comparisons won by the generated one, ties half, and their number: real units down, generated across."""
    won, count = np.zeros((units, units)), np.zeros((units, units))
    for a, real in zip(place, judged, strict=True):
        for b, generated in zip(place, judged, strict=True):
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
