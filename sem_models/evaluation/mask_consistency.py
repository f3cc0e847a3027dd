"""Whether a segmenter trained on real images finds the mask that an image was drawn from.

The Dice of a generated image alone says little: a network that misses myelin in real images misses it in synthetic ones
too. It is therefore shown beside the Dice of the real image of the same mask and two baselines: the most frequent class
everywhere, and one flat grey for each class, which shows how much grey levels alone achieve without any texture. A
generated image can exceed the real one, and so can flat greys: this tests faithfulness to the mask, not realism.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sem_models.config.frozen import Frozen
from sem_models.config.intensity import IntensityLimits
from sem_models.evaluation.metrics.segmentation import segmentation_scores
from sem_models.evaluation.report import Row
from sem_models.evaluation.statistics.intervals import Interval, cluster_interval
from sem_models.images.intensity import UnitImage

Segment = Callable[[UnitImage, IntensityLimits], UnitImage]
"""(C, H, W) unit intensity by the given limits to (K, H, W) probabilities or logits of the classes."""
GENERATED, REAL = "generated", "real image (reference)"
MAJORITY, MEANS = "most frequent class (baseline)", "mean grey of each class (baseline)"


@dataclass(frozen=True)
class Drawn:
    """One mask and the images that should show it."""

    name: str
    group: str
    mask: NDArray[np.uint8]
    """(H, W) class indices."""
    images: Mapping[str, UnitImage]
    """(C, H, W) in unit intensity by method: `GENERATED`, `REAL`, `MEANS`."""
    limits: IntensityLimits = field(default_factory=IntensityLimits)
    """Grey levels that are 0 and 1 in all these images; empty where the real image has limits of its own."""


class MaskConsistency(Frozen):
    """Dice of each class, one row for each image and method."""

    version: int = 1
    labels: tuple[int, ...]
    """The raw value of each class."""
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order of the rows."""
        return tuple(dict.fromkeys(row.method for row in self.rows))

    @property
    def metrics(self) -> tuple[str, ...]:
        """`dice` (mean over classes) and `dice_K` of each class."""
        return ("dice", *(f"dice_{index}" for index in range(len(self.labels))))

    @property
    def is_saturated(self) -> bool:
        """Whether flat greys, which have no texture at all, score as high as real images."""
        return MEANS in self.methods and self.interval(MEANS, "dice").mean >= self.interval(REAL, "dice").mean

    def interval(self, method: str, metric: str) -> Interval:
        """Return the mean over images with its 95 % interval over specimens."""
        rows = [row for row in self.rows if row.method == method]
        scores = [row.scores.get(metric) for row in rows]
        return cluster_interval(
            [float("nan") if score is None else score for score in scores], [row.group for row in rows]
        )


def mask_consistency(
    segment: Segment, drawn: Iterable[Drawn], labels: Sequence[int], most_frequent: int
) -> MaskConsistency:
    """Segment every image and compare what was found with the mask it was drawn from.

    Args:
        segment: A segmenter that was trained on real images only.
        drawn: One item for each mask, read one by one, so that they need not all be in memory.
        labels: The raw value of each class.
        most_frequent: Index of the most frequent class in the training split.
    """
    rows: list[Row] = []
    for item in drawn:
        found = {method: segment(image, item.limits).argmax(axis=0) for method, image in item.images.items()}
        found[MAJORITY] = np.full_like(item.mask, most_frequent)
        for method, classes in found.items():
            scores = _dice(classes, item.mask, len(labels))
            rows.append(Row(method=method, image=item.name, group=item.group, scores=scores))
    return MaskConsistency(labels=tuple(labels), rows=tuple(rows))


def _dice(found: NDArray[np.integer], mask: NDArray[np.uint8], classes: int) -> dict[str, float | None]:
    """Compute Dice, None for a class that neither label map has."""
    scores = segmentation_scores(found, mask, classes)
    return {name: value if np.isfinite(value) else None for name, value in scores.items() if name.startswith("dice")}
