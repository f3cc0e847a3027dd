"""Scores of a label map against its truth: Dice (1945) and Jaccard index (IoU, 1912) of each class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.datasets.labels import MOST_CLASSES

CLASSES = range(MOST_CLASSES)


def segmentation_scores(output: NDArray[Any], truth: NDArray[Any], classes: int) -> dict[str, float]:
    """Compute `dice` and `iou`, and `dice_K` and `iou_K` of each class K, from 0 to 1.

    `dice` and `iou` are means over the classes that are present, background included. A class that neither label map
    contains is NaN.

    Args:
        output: (H, W) class indices.
        truth: The same shape.
        classes: Number of classes.
    """
    pairs = np.bincount(classes * truth.ravel().astype(np.int64) + output.ravel(), minlength=classes**2)
    confusion = pairs.reshape(classes, classes).astype(float)
    shared, both = np.diag(confusion), confusion.sum(0) + confusion.sum(1)
    with np.errstate(invalid="ignore"):
        dice, iou = 2 * shared / both, shared / (both - shared)
    scores = {"dice": float(np.nanmean(dice)), "iou": float(np.nanmean(iou))}
    for name, values in (("dice", dice), ("iou", iou)):
        scores |= {f"{name}_{index}": float(value) for index, value in enumerate(values)}
    return scores
