"""Registering all pairs of a preparation, and setting aside those that do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sem_models.data.alignment import Alignment, find_alignment
from sem_models.data.manifest import Skipped
from sem_models.data.planned import PlannedImage
from sem_models.data.sources import PrepareOptions
from sem_models.data.stacking import cut_file
from sem_models.errors import UserError
from sem_models.progress import Progress


@dataclass(frozen=True)
class AlignedPair:
    """An input, its target, and how they fit."""

    input: PlannedImage
    target: PlannedImage
    alignment: Alignment | None
    """None where there is nothing to align: sizes differ, or no common field was found."""
    aside: str | None
    """Why the pair will not be used."""


def align_pairs(images: Sequence[PlannedImage], options: PrepareOptions, progress: Progress) -> list[AlignedPair]:
    """Every pair of a paired preparation, registered and judged, in the order of its samples; of other kinds none."""
    if options.kind != "paired":
        return []
    targets = {image.sample: image for image in images if image.role == "target"}
    inputs = [image for image in images if image.role == "input"]
    pairs = []
    for index, image in enumerate(inputs):
        pairs.append(_pair(image, targets[image.sample], options))
        progress(index + 1, len(inputs), "pairs measured")
    return pairs


def without_aside(images: list[PlannedImage], pairs: Sequence[AlignedPair]) -> tuple[list[PlannedImage], list[Skipped]]:
    """The images that stay, and an entry with the reason for each pair that does not.

    Raises:
        UserError: No pair is left.
    """
    lost = {pair.input.sample: Skipped(source=pair.input.source, reason=pair.aside) for pair in pairs if pair.aside}
    if lost and len(lost) == len(pairs):
        raise UserError(
            f"All {len(pairs)} pairs were set aside. {next(iter(lost.values())).reason} "
            "Check that they belong together, choose another --register or a larger --max-residual."
        )
    return [image for image in images if image.sample not in lost], list(lost.values())


def _pair(image: PlannedImage, target: PlannedImage, options: PrepareOptions) -> AlignedPair:
    first, second = cut_file(image).pixels, cut_file(target).pixels
    names = f"{image.source} + {target.source}"
    try:
        alignment = find_alignment(first, second, options.register, target.pixel_size_nm)
    except UserError as error:
        return AlignedPair(image, target, None, f"{names}: {error}.")
    why = _unfit(alignment, options.max_residual_px) if alignment else None
    return AlignedPair(image, target, alignment, f"{names}: {why}." if why else None)


def _unfit(alignment: Alignment, limit: float) -> str | None:
    """What speaks against a pair; one that was not to be registered and cannot be measured is taken at its word."""
    residual = alignment.residual
    if residual is None:
        if alignment.register == "none" or np.isinf(limit):
            return None
        seen = f"{len(alignment.after.shifts)} of {alignment.after.blocks} blocks fit"
        return f"the alignment could not be verified, {seen}"
    if residual.median_px <= limit:
        return None
    return f"median residual {residual.median_px:.1f} px, more than {limit:g} px"
