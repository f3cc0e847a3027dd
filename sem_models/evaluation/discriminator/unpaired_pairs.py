"""Generated and real images for a discriminator test of two domains without pairs.

Each generated image is paired with a real one of another field. Their specimens form a block that is held out as a
whole, so that a classifier has seen neither the specimen that was translated nor that of the real image.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sem_models.config.intensity import IntensityLimits
from sem_models.counts import counted
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry, Split
from sem_models.errors import UserError
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.grey_levels import unit_output
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent

_DOMAINS: tuple[Role, Role] = ("target", "input")
"""Roles of the real image and of the image that is translated."""
_SAME = 0.01
"""Pixel sizes that differ by a smaller fraction count as equal."""
CONTENT = (
    "Real and generated images show different fields: classifiers may use what they show, not only how it looks. Real "
    "against real, which compares cells of the same images, cannot reveal that."
)


@dataclass(frozen=True)
class Partners:
    """An image to translate, the real image that it is paired with, and the block of both specimens."""

    real: Entry
    source: Entry
    block: str


def partners(entries: Sequence[Entry]) -> list[Partners]:
    """Pair as many images as the smaller domain of each block has; the others of the block are not used.

    Raises:
        UserError: A domain is empty.
    """
    domains = [[entry for entry in entries if entry.has(role)] for role in _DOMAINS]
    if not all(domains):
        missing = "second" if not domains[0] else "first"
        raise UserError(f"The chosen splits have no image of the {missing} domain; choose more splits.")
    blocks = _blocks(*(Counter(entry.group for entry in domain) for domain in domains))
    found = []
    for number in range(max(blocks[0].values()) + 1):
        real, sources = (
            [entry for entry in domain if own[entry.group] == number]
            for domain, own in zip(domains, blocks, strict=True)
        )
        name = "+".join(sorted({entry.group for entry in (*real, *sources)}))
        found += [Partners(a, b, name) for a, b in zip(real, sources, strict=False)]
    return found


def unpaired_pairs(
    model: UnitModel, dataset: Dataset, splits: Sequence[Split], training_images: bool, progress: Progress = silent
) -> list[Pair]:
    """Apply a model to images of the first domain and pair each with a real one of the second, cut to the same size.

    Args:
        model: From the first domain to the second; several channels are averaged.
        dataset: An unpaired dataset.
        splits: Splits whose images are tested.
        training_images: Whether to add images of the training split, which are not tested.
        progress: Called after each image.

    Raises:
        UserError: A domain is empty, or the model takes another number of channels.
    """
    tested = [entry for split in splits for entry in dataset.entries(split)]
    extra = dataset.entries("train") if training_images and "train" not in splits else ()
    found = partners(tested) + (partners(extra) if extra else [])
    predictor, pairs = Predictor(model), []
    for index, two in enumerate(found):
        output = translated_image(predictor, dataset, two.source)
        real, generated = _cut(dataset.unit(two.real, "target").mean(0), output.mean(0))
        name = f"{two.source.name} beside {two.real.name}"
        pairs.append(Pair(real, generated, name, two.block, two.source.split in splits))
        progress(index + 1, len(found), "images generated")
    return pairs


def translated_image(predictor: Predictor, dataset: Dataset, entry: Entry) -> UnitImage:
    """(C, H, W) output for an image of the first domain, in the unit intensity of the second.

    Raises:
        UserError: The model takes another number of channels.
    """
    image, target = source_image(predictor.model, dataset, entry), dataset.manifest.limits("target")
    known = bool(target and dataset.manifest.limits("input"))
    limits = IntensityLimits(input=(entry.array("input").limits,), output=target[:1]) if known else None
    return unit_output(predictor, image, limits)


def source_image(model: UnitModel, dataset: Dataset, entry: Entry) -> NDArray[np.float32]:
    """Return the (C, H, W) input in unit intensity; raises a `UserError` if the model takes other channels."""
    image, wanted = dataset.unit(entry, "input"), model.capabilities.channels_in
    if len(image) != wanted:
        raise UserError(
            f"{entry.name} has {counted(len(image), 'channel')}, but {model.name} takes {wanted}; choose a model of "
            "this domain."
        )
    return image


def unpaired_notes(dataset: Dataset, splits: Sequence[Split], scale: int) -> tuple[str, ...]:
    """Return what a reader must know: that content differs, how many images were not used, and two magnifications."""
    entries = [entry for split in splits for entry in dataset.entries(split)]
    used = len(partners(entries))
    left = [sum(entry.has(role) for entry in entries) - used for role in _DOMAINS]
    said = [
        CONTENT,
        f"Equal numbers are compared. Not used: {counted(left[0], 'real image')} and {left[1]} to translate."
        if any(left) else "",
        "Pixel sizes of the two domains differ, which alone can distinguish them; prepare both with one pixel size."
        if _magnified(entries, scale) else "",
    ]  # fmt: skip
    return tuple(text for text in said if text)


def _magnified(entries: Sequence[Entry], scale: int) -> bool:
    known = {entry.array("target").pixel_size_nm or 0 for entry in entries if entry.has("target")}
    known |= {(entry.array("input").pixel_size_nm or 0) / scale for entry in entries if entry.has("input")}
    return max(known) > (1 + _SAME) * min(known) > 0


def _blocks(*sizes: Counter[str]) -> list[dict[str, int]]:
    """Assign specimens to blocks, for each domain: every block has both domains, a specimen of both is in one block."""
    few, many = sorted(sizes, key=len)
    shared = sorted(set(few) & set(many))
    fixed = {group: index for index, group in enumerate([*shared, *sorted(set(few) - set(shared))])}
    allocated = {group: fixed[group] for group in shared}
    filled = Counter({fixed[group]: many[group] for group in shared})
    for group in sorted(set(many) - set(shared), key=lambda name: (-many[name], name)):
        # Empty blocks first, then those that lack most partners, so that few images remain unused.
        place = min(fixed.items(), key=lambda item: (filled[item[1]] > 0, filled[item[1]] - few[item[0]], item[1]))[1]
        allocated[group] = place
        filled[place] += many[group]
    return [fixed if own is few else allocated for own in sizes]


def _cut(*images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Crop the centres of all images to their common size."""
    height, width = (min(image.shape[axis] for image in images) for axis in (0, 1))
    corners = [((image.shape[0] - height) // 2, (image.shape[1] - width) // 2) for image in images]
    return [
        np.ascontiguousarray(image[top : top + height, left : left + width])
        for image, (top, left) in zip(images, corners, strict=True)
    ]
