"""Texture and grey levels of a set of generated images compared with a set of real ones, paired or not.

Means over images say less than a comparison image by image, but they need no truth and can be measured when there are
no pairs. They also depend on what the images show: two sets of real images of different fields differ as well.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.metrics.texture import texture
from sem_models.evaluation.statistics.intervals import FEWEST_GROUPS, cluster_interval
from sem_models.images.intensity import UnitImage

_WHITE = 255
_HALVINGS = 100
_SEED = 20161
_MEASURES = ("std", "gradient_energy", "slope", "p1", "p99")
HEADINGS = {
    "std": "standard deviation", "gradient_energy": "gradient energy", "slope": "spectrum slope",
    "p1": "1st percentile", "p99": "99th percentile",
}  # fmt: skip


class Mean(NamedTuple):
    """Mean of a measure over images with its 95 % bootstrap interval over specimens, None for fewer than three."""

    value: float
    lo: float | None
    hi: float | None

    @property
    def text(self) -> str:
        """Value and interval, such as `0.121 [0.118, 0.125]`."""
        return f"{self.value:.3g}" + ("" if self.lo is None else f" [{self.lo:.3g}, {self.hi:.3g}]")


@dataclass(frozen=True)
class SetTexture:
    """The measures of `Texture`, in unit intensity, that could be computed for both sets."""

    real: dict[str, Mean]
    generated: dict[str, Mean]
    histogram: float
    """Wasserstein-1 distance between the grey levels of both sets, as a fraction of the range: 0 is best."""
    histogram_real: float | None
    """Baseline: the distance between two random halves of the real specimens, on average; None for fewer than four."""


def set_texture(pairs: Sequence[Pair]) -> SetTexture:
    """Measure the tested images, clipped to [0, 1] as in a file; the images of a pair may show different fields."""
    tested = [pair for pair in pairs if pair.tested]
    groups = [pair.group for pair in tested]
    real, generated = [pair.real for pair in tested], [pair.generated for pair in tested]
    found = [_means(images, groups) for images in (real, generated)]
    known = found[0].keys() & found[1].keys()
    sides = [{name: side[name] for name in _MEASURES if name in known} for side in found]
    levels = np.stack([_levels(image) for image in real])
    distance = _distance(levels.sum(0), np.sum([_levels(image) for image in generated], axis=0))
    return SetTexture(sides[0], sides[1], distance, _between_halves(levels, np.asarray(groups)))


def _means(images: Sequence[UnitImage], groups: Sequence[str]) -> dict[str, Mean]:
    measured = [asdict(texture(np.clip(image, 0, 1), 1.0)) for image in images]
    found = {}
    for name in _MEASURES:
        interval = cluster_interval([one[name] for one in measured], groups)
        if interval.n:
            limits = [float(limit) if np.isfinite(limit) else None for limit in (interval.lo, interval.hi)]
            found[name] = Mean(interval.mean, *limits)
    return found


def _levels(image: UnitImage) -> NDArray[np.int64]:
    """Count the pixels of each grey level, (256,)."""
    return np.bincount(np.rint(np.clip(image, 0, 1) * _WHITE).astype(np.intp).ravel(), minlength=_WHITE + 1)


def _distance(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Return the area between the two cumulative histograms."""
    shares = [np.cumsum(levels) / levels.sum() for levels in (first, second)]
    return float(np.abs(shares[0] - shares[1])[:-1].sum() / _WHITE)


def _between_halves(levels: NDArray[np.int64], groups: NDArray[np.str_]) -> float | None:
    names = np.unique(groups)
    if len(names) <= FEWEST_GROUPS:
        return None
    rng, found = np.random.default_rng(_SEED), []
    for _ in range(_HALVINGS):
        one = np.isin(groups, rng.permutation(names)[: len(names) // 2])
        found.append(_distance(levels[one].sum(0), levels[~one].sum(0)))
    return float(np.mean(found))
