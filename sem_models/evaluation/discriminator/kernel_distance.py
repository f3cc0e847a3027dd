"""Kernel distance between two sets of images in the features of a network (KID; Binkowski et al., ICLR 2018).

Published KIDs use Inception features, this one uses VGG features. Every value states its features, because values on
different features cannot be compared.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import stdtrit

from sem_models.config.training import Backbone
from sem_models.evaluation.discriminator.network import patch_grid
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.report import KernelDistance
from sem_models.evaluation.statistics.intervals import FEWEST_GROUPS
from sem_models.features.vgg import VggFeatures
from sem_models.features.weights import FeaturesUnavailable
from sem_models.inference.predictor import choose_device
from sem_models.progress import Progress, silent

Features = NDArray[np.float64]
LAYER = "relu4_3"
PATCH_PX = 128
_MOST_PATCHES = 9
_LEVEL = 0.95


def kernel_distance(
    real: Sequence[NDArray[np.float32]],
    generated: Sequence[NDArray[np.float32]],
    groups: Sequence[str],
    backbone: Backbone = "vgg16",
    progress: Progress = silent,
) -> KernelDistance:
    """Compute the distance between the patches of two equally long lists of (H, W) images in unit intensity.

    Args:
        real: Real images, at least 128 px wide and high.
        generated: One for each of them, in the same order.
        groups: Specimen of each pair.
        backbone: Network whose features are used.
        progress: Called after each image.

    Raises:
        FeaturesUnavailable: There are no trained weights; features of an untrained network are never used.
    """
    network = VggFeatures(backbone, (LAYER,)).to(choose_device())
    found: list[list[Features]] = [[], []]
    total = 2 * len(groups)
    for side, images in enumerate((real, generated)):
        for image in images:
            found[side].append(_features(network, image))
            progress(len(found[0]) + len(found[1]), total, "images described")
    blocks = [np.repeat(np.asarray(groups), [len(one) for one in side]) for side in found]
    features = f"{backbone.upper()} {LAYER}, {PATCH_PX} px"
    return between_groups(np.concatenate(found[0]), np.concatenate(found[1]), blocks[0], blocks[1], features)


def between_groups(
    x: Features, y: Features, x_groups: NDArray[np.str_], y_groups: NDArray[np.str_], features: str
) -> KernelDistance:
    """Estimate the distance of (N, D) and (M, D) features with the kernel (x . y / D + 1)^3 (eq. 4), and its interval.

    Patches of one specimen resemble each other, real and generated ones of the same field even more. All three terms
    are therefore averaged over pairs of patches from different groups only, which keeps the estimate unbiased if groups
    are independent. The interval is a jackknife over groups (Arvesen, 1969) with Student's t.
    """
    names, index = np.unique(np.concatenate([x_groups, y_groups]), return_inverse=True)
    owners = index[: len(x)], index[len(x) :]
    sums = [_block_sums(a, b, i, j, len(names)) for a, b, i, j in _terms(x, y, *owners)]
    value = _discrepancy(sums, np.arange(len(names)))
    lo, hi = _jackknife(value, sums, len(names))
    return KernelDistance(features, value, lo, hi, len(names), len(x) + len(y))


_Terms = list[tuple[Features, Features, NDArray[np.intp], NDArray[np.intp]]]
_Sums = tuple[Features, Features]
"""(B, B) sums of the kernel over pairs of B groups, and the numbers of patch pairs."""


def _terms(x: Features, y: Features, i: NDArray[np.intp], j: NDArray[np.intp]) -> _Terms:
    return [(x, x, i, i), (y, y, j, j), (x, y, i, j)]


def _block_sums(a: Features, b: Features, i: NDArray[np.intp], j: NDArray[np.intp], blocks: int) -> _Sums:
    kernel = (a @ b.T / a.shape[1] + 1) ** 3
    left, right = np.eye(blocks)[i], np.eye(blocks)[j]
    return left.T @ kernel @ right, np.outer(left.sum(0), right.sum(0))


def _discrepancy(sums: Sequence[_Sums], kept: NDArray[np.intp]) -> float:
    """Return mean within x plus mean within y minus twice the mean across, over pairs of different, kept groups."""
    apart = ~np.eye(len(kept), dtype=bool)
    part = np.ix_(kept, kept)
    with np.errstate(invalid="ignore"):
        xx, yy, xy = (kernel[part][apart].sum() / count[part][apart].sum() for kernel, count in sums)
    return float(xx + yy - 2 * xy)


def _jackknife(value: float, sums: Sequence[_Sums], blocks: int) -> tuple[float | None, float | None]:
    if blocks < FEWEST_GROUPS:
        return None, None
    without = np.array([_discrepancy(sums, np.delete(np.arange(blocks), b)) for b in range(blocks)])
    error = np.sqrt((blocks - 1) / blocks * np.sum((without - without.mean()) ** 2))
    half = float(stdtrit(blocks - 1, (1 + _LEVEL) / 2) * error)
    return value - half, value + half


def _features(network: VggFeatures, image: NDArray[np.float32]) -> Features:
    """Return the features of an image averaged over each patch, (P, D)."""
    patches = patch_grid(torch.from_numpy(np.ascontiguousarray(image)), PATCH_PX, _MOST_PATCHES)
    with torch.inference_mode():
        deep = network(patches.clamp(0, 1).to(choose_device()))[0].mean((2, 3))
    found: Features = deep.double().cpu().numpy()
    return found


def set_distance(pairs: Sequence[Pair], progress: Progress = silent) -> tuple[KernelDistance | None, tuple[str, ...]]:
    """Return the kernel distance of the tested images, or a note on why there is none."""
    tested = [pair for pair in pairs if pair.tested]
    if len({pair.group for pair in tested}) < 2 or min(min(pair.real.shape) for pair in tested) < PATCH_PX:
        return None, (f"The kernel distance needs two groups of images of at least {PATCH_PX} px.",)
    real, generated = [pair.real for pair in tested], [pair.generated for pair in tested]
    try:
        return kernel_distance(real, generated, [pair.group for pair in tested], progress=progress), ()
    except FeaturesUnavailable as error:
        return None, (f"The kernel distance was not computed: {error}.",)
