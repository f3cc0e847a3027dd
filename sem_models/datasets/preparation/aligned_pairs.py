"""Registering all pairs of a preparation, and setting aside those that do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.pair_pixels import refuse_two_sizes, registered_pixels, resampled_first
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.sources import LeftOut
from sem_models.datasets.registration.alignment import Alignment, find_alignment
from sem_models.errors import FieldRef, Message, UserError
from sem_models.progress import Progress

LIMIT_PX = 2.0
"""Median residual above which registered pairs are set aside, and others warned of, unless the user says otherwise."""


@dataclass(frozen=True)
class AlignedPair:
    """An input, its target, and how they fit."""

    input: PlannedImage
    target: PlannedImage
    alignment: Alignment | None
    """None where there is nothing to align: sizes differ, or no common field was found."""
    rejected: Message | None
    """Why the pair will not be used."""
    resample_nm: float | None = None
    """Pixel size that both were brought to before they were registered; None: registered as the files are."""


def align_pairs(images: Sequence[PlannedImage], options: PrepareOptions, progress: Progress) -> list[AlignedPair]:
    """Every pair of a paired preparation, registered and judged, in the order of its samples; of other kinds none."""
    if not options.layout.is_paired:
        return []
    targets = {image.sample: image for image in images if image.role == "target"}
    inputs = [image for image in images if image.role == "input"]
    pairs = []
    for index, image in enumerate(inputs):
        pairs.append(_pair(image, targets[image.sample], options))
        progress(index + 1, len(inputs), "pairs measured")
    return pairs


def without_rejected(
    images: list[PlannedImage], pairs: Sequence[AlignedPair]
) -> tuple[list[PlannedImage], list[LeftOut]]:
    """The images that stay, and an entry with the reason for each pair that does not.

    Raises:
        UserError: No pair is left.
    """
    lost = {pair.input.sample: LeftOut(pair.input.source, pair.rejected) for pair in pairs if pair.rejected}
    if lost and len(lost) == len(pairs):
        raise UserError(
            f"All {len(pairs)} pairs were set aside. ",
            next(iter(lost.values())).reason,
            " Check that they belong together, choose another ",
            FieldRef("registration"),
            " or a larger ",
            FieldRef("max_residual_px"),
            ".",
        )
    return [image for image in images if image.sample not in lost], list(lost.values())


def _pair(image: PlannedImage, target: PlannedImage, options: PrepareOptions) -> AlignedPair:
    names = f"{image.source} + {target.source}"
    nm = options.resample_nm if resampled_first(image, target, options.resample_nm) else None
    try:
        first, second = registered_pixels(image, target, options.resample_nm)
        if options.registration != "none":
            refuse_two_sizes(first, second)
        alignment = find_alignment(first, second, options.registration, nm or target.pixel_size_nm)
    except UserError as error:
        return AlignedPair(image, target, None, Message(f"{names}: ", error.message, "."), nm)
    why = _rejection_reason(alignment, _limit_px(options)) if alignment else None
    return AlignedPair(image, target, alignment, Message(f"{names}: {why}.") if why else None, nm)


def _limit_px(options: PrepareOptions) -> float:
    """Who asked for no registration did not ask for pairs to be dropped, either."""
    if options.max_residual_px is not None:
        return options.max_residual_px
    return np.inf if options.registration == "none" else LIMIT_PX


def registration_notes(pairs: Sequence[AlignedPair], options: PrepareOptions) -> tuple[Message, ...]:
    """A warning where pairs are used as they are although they do not fit."""
    found = [(pair, pair.alignment.residual) for pair in pairs if pair.alignment and not pair.rejected]
    off = [(pair, residual) for pair, residual in found if residual and residual.median_px > LIMIT_PX]
    if options.registration != "none" or not off:
        return ()
    pair, worst = max(off, key=lambda two: two[1].median_px)
    nm = "" if worst.median_nm is None else f", {worst.median_nm:.3g} nm"
    found_off = (
        f"{len(off)} of {len(pairs)} pairs are used as they are although they fit worse than {LIMIT_PX:g} px, the "
        f"worst being {pair.input.source} + {pair.target.source} with a median residual of {worst.median_px:.1f} px{nm}"
    )
    align, drop = FieldRef("registration"), FieldRef("max_residual_px")
    return (Message(found_off, ": ", align, " can align them, ", drop, " sets them aside."),)


def _rejection_reason(alignment: Alignment, limit: float) -> str | None:
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
