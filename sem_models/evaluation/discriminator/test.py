"""Discriminator test: can a fresh classifier tell generated from real images of groups that it has never seen?

Network, steps and seeds are the same for every method. Both sides are rounded to the same 256 grey levels and lose the
same border; a group is only classified by networks that were trained without it.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sem_models.errors import UserError
from sem_models.evaluation.discriminator.auc import PairLogits, auc_over_seeds, by_image
from sem_models.evaluation.discriminator.network import patch_logits, train_classifier
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.report import ClassifierSettings, DiscriminatorResult
from sem_models.progress import Progress, silent

_WHITE = 255


def discriminator_test(
    pairs: Sequence[Pair], settings: ClassifierSettings, progress: Progress = silent
) -> DiscriminatorResult:
    """Cross-validate over groups, once for each seed: each tested image is scored by a classifier without its group.

    Args:
        pairs: Pairs of at least two groups, one of them tested.
        settings: The same for all methods that are to be compared.
        progress: Called every ten training steps; may raise `Cancelled`.

    Raises:
        UserError: There are too few groups, images are too small or differ in size, or one image is in two groups.
    """
    return _over_seeds([pairs] * len(settings.seeds), settings, progress)


def real_against_real(
    pairs: Sequence[Pair], settings: ClassifierSettings, progress: Progress = silent
) -> DiscriminatorResult:
    """Run the same test where there is nothing to find: cells of real images, assigned to two sides for each seed.

    A result other than 0.5 is a fault of the test: too few groups, or images that are copies of one another.

    Raises:
        UserError: As in `discriminator_test`, or an image is too small to be cut in two.
    """
    smallest = settings.patch_px + 2 * settings.border_px
    return _over_seeds([allocated_cells(pairs, smallest, seed) for seed in settings.seeds], settings, progress)


def _over_seeds(
    pairs_by_seed: Sequence[Sequence[Pair]], settings: ClassifierSettings, progress: Progress
) -> DiscriminatorResult:
    for pairs in pairs_by_seed:
        _require(pairs, settings)
    folds = [_folds(pairs, settings.folds, seed) for pairs, seed in zip(pairs_by_seed, settings.seeds, strict=True)]
    counted = _Steps(progress, sum(max(fold.values()) + 1 for fold in folds) * settings.steps)
    seeds = [
        by_image(_classify_all(pairs, fold, settings, seed, counted))
        for pairs, fold, seed in zip(pairs_by_seed, folds, settings.seeds, strict=True)
    ]
    return DiscriminatorResult(auc_over_seeds([[j.whole for j in one] for one in seeds]), auc_over_seeds(seeds))


def _classify_all(
    pairs: Sequence[Pair], folds: dict[str, int], settings: ClassifierSettings, seed: int, counted: "_Steps"
) -> list[PairLogits]:
    levels = [(_levels(pair.real, settings), _levels(pair.generated, settings)) for pair in pairs]
    found = []
    for fold in range(max(folds.values()) + 1):
        outside = [images for pair, images in zip(pairs, levels, strict=True) if folds.get(pair.group) != fold]
        classifier = train_classifier(outside, settings, 1000 * seed + fold, counted.part())
        for pair, images in zip(pairs, levels, strict=True):
            if pair.tested and folds[pair.group] == fold:
                real, generated = (
                    patch_logits(classifier, image, settings.patch_px).double().numpy() for image in images
                )
                found.append(PairLogits(real, generated, pair.image, pair.group, fold))
    return found


def _folds(pairs: Sequence[Pair], most: int, seed: int) -> dict[str, int]:
    """Assign the tested groups to folds in random order; groups that only serve for training have no fold."""
    groups = sorted({pair.group for pair in pairs if pair.tested})
    order = np.random.default_rng(seed).permutation(len(groups))
    return {groups[index]: place % min(most, len(groups)) for place, index in enumerate(order)}


def _levels(image: NDArray[np.float32], settings: ClassifierSettings) -> Tensor:
    """Crop the border and round to 256 grey levels, because a generator's floating point would give it away."""
    border = settings.border_px
    inner = image[border : image.shape[0] - border, border : image.shape[1] - border]
    return torch.from_numpy(np.rint(np.clip(inner, 0, 1) * _WHITE).astype(np.float32) / _WHITE)


def _require(pairs: Sequence[Pair], settings: ClassifierSettings) -> None:
    needed = settings.patch_px + 2 * settings.border_px
    for pair in pairs:
        if pair.real.shape != pair.generated.shape:
            raise UserError(f"{pair.image}: real and generated image differ in size; they must show the same field.")
        if min(pair.real.shape) < needed:
            size = " x ".join(map(str, pair.real.shape))
            raise UserError(f"{pair.image}: {size} px is too small, each side needs {needed}; use smaller patches.")
    groups = {pair.group for pair in pairs}
    if len(groups) < 2 or not any(pair.tested for pair in pairs):
        raise UserError(
            f"The discriminator test holds out whole groups and needs at least two, but has {len(groups)}; use more "
            "splits, or let classifiers learn from the training split as well."
        )
    owner: dict[bytes, Pair] = {}
    for pair in pairs:
        known = owner.setdefault(pair.real.tobytes(), pair)
        if known.group != pair.group:
            raise UserError(
                f"{known.image} and {pair.image} are the same image in two groups, {known.group} and {pair.group}: a "
                "classifier would have seen what it is tested on. Put copies into one group."
            )


class _Steps:
    """Adds up the steps of one training after another."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._before = progress, total, 0

    def part(self) -> Progress:
        """Return the progress of the next training."""
        start = self._before

        def tell(done: int, total: int, what: str) -> None:  # noqa: ARG001
            self._before = start + done
            self._progress(self._before, self._total, "training steps of classifiers")

        return tell


_ROOM = 1.5
"""Edge of a cell, relative to the smallest that can be classified: patches need room to be drawn from."""


def allocated_cells(pairs: Sequence[Pair], smallest_px: int, seed: int) -> list[Pair]:
    """Cut each real image into pairs of neighbouring cells, of which one is called real and the other generated.

    In a random half of the cell pairs of an image the roles are exchanged, so that shading cancels. Nothing
    distinguishes the two sides: a sound test gives 0.5 within its interval.

    Args:
        pairs: Pairs whose real images are cut; an image without room for several cells is cut in two.
        smallest_px: Smallest edge of a cell in px.
        seed: Seed of the random exchange, which differs from image to image.
    """
    rng = np.random.default_rng(seed)
    return [part for pair in pairs for part in _allocated(pair, smallest_px, rng)]


def _allocated(pair: Pair, smallest_px: int, rng: np.random.Generator) -> list[Pair]:
    cells = _neighbours(pair.real, smallest_px)
    # For an odd number the half is rounded up or down at random.
    exchanged = rng.permutation(len(cells)) < (len(cells) + rng.integers(2)) // 2
    return [
        Pair(*(two[::-1] if exchange else two), pair.image, pair.group, pair.tested)
        for two, exchange in zip(cells, exchanged, strict=True)
    ]


def _neighbours(image: NDArray[np.float32], smallest_px: int) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return pairs of cells that are neighbours along the longer side of the image."""
    if image.shape[0] > image.shape[1]:
        return [(one.T, other.T) for one, other in _neighbours(image.T, smallest_px)]
    rows, columns = (int(length // (_ROOM * smallest_px)) for length in image.shape)
    rows, columns = max(rows, 1), max(columns // 2 * 2, 2)
    height, width = image.shape[0] // rows, image.shape[1] // columns
    cells = [
        [image[row * height : (row + 1) * height, column * width : (column + 1) * width] for column in range(columns)]
        for row in range(rows)
    ]
    return [(line[at], line[at + 1]) for line in cells for at in range(0, columns, 2)]
