"""Registration of all pairs of a preparation, and rejection of those that remain misaligned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter

from sem_models.datasets.preparation.memory import NO_MEMORY, Memory, key_of
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.pair_pixels import refuse_other_sizes, registered_pixels, resampled_first
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.sources import LeftOut
from sem_models.datasets.registration.alignment import Alignment, find_alignment
from sem_models.errors import FieldRef, Message, UserError
from sem_models.progress import Progress

_ALIGNMENT = TypeAdapter[Alignment | None](Alignment | None)
LIMIT_PX = 2.0
"""Default median residual above which registered pairs are rejected and unregistered pairs cause a warning."""


@dataclass(frozen=True)
class AlignedPair:
    """An input, its target, and how they are aligned."""

    input: PlannedImage
    target: PlannedImage
    alignment: Alignment | None
    """None if the pair cannot be aligned: the sizes do not fit, or no common field was found."""
    rejected: Message | None
    """Reason for which the pair is not used; None if it is used."""
    resample_nm: float | None = None
    """Pixel size to which both are resampled before registration; None: registered in the pixels of the files."""


def align_pairs(
    images: Sequence[PlannedImage], options: PrepareOptions, progress: Progress, memory: Memory = NO_MEMORY
) -> list[AlignedPair]:
    """Register every pair of a paired dataset and decide whether to reject it; empty for other layouts."""
    if not options.layout.is_paired:
        return []
    targets = {image.sample: image for image in images if image.role == "target"}
    inputs = [image for image in images if image.role == "input"]
    # Registration takes seconds for each pair, so it is announced before the first one is done.
    what = "pairs measured" if options.registration == "none" else "pairs registered"
    progress(0, len(inputs), what)
    pairs = []
    for index, image in enumerate(inputs):
        pairs.append(_pair(image, targets[image.sample], options, memory))
        progress(index + 1, len(inputs), what)
    return pairs


def without_rejected(
    images: list[PlannedImage], pairs: Sequence[AlignedPair]
) -> tuple[list[PlannedImage], list[LeftOut]]:
    """Return the images that are kept, and the reason for each pair that is rejected.

    Raises:
        UserError: All pairs are rejected.
    """
    lost = {pair.input.sample: LeftOut(pair.input.source, pair.rejected) for pair in pairs if pair.rejected}
    if lost and len(lost) == len(pairs):
        raise UserError(
            f"All {len(pairs)} pairs were rejected. ",
            next(iter(lost.values())).reason,
            " Check that input and target belong together, choose another ",
            FieldRef("registration"),
            " or a larger ",
            FieldRef("max_residual_px"),
            ".",
        )
    return [image for image in images if image.sample not in lost], list(lost.values())


def _pair(image: PlannedImage, target: PlannedImage, options: PrepareOptions, memory: Memory) -> AlignedPair:
    names = f"{image.source} + {target.source}"
    nm = options.resample_nm if resampled_first(image, target, options.resample_nm) else None
    try:
        alignment = _remembered_alignment(image, target, options, nm, memory)
    except UserError as error:
        return AlignedPair(image, target, None, Message(f"{names}: ", error.message, "."), nm)
    why = _rejection_reason(alignment, _limit_px(options)) if alignment else None
    return AlignedPair(image, target, alignment, Message(f"{names}: {why}.") if why else None, nm)


def _remembered_alignment(
    image: PlannedImage, target: PlannedImage, options: PrepareOptions, nm: float | None, memory: Memory
) -> Alignment | None:
    """Register a pair, or recall how it was registered.

    Raises:
        UserError: The sizes do not fit, or the two have no common field.
    """
    parts = [(part.content, part.databar.rows) for one in (image, target) for part in one.parts or (one,)]
    sizes = (image.pixel_size_nm, target.pixel_size_nm) if nm else target.pixel_size_nm
    key = key_of("alignment", parts, options.registration, nm, sizes)
    kept = memory.recall(key)
    if kept is not None:
        return _ALIGNMENT.validate_json(kept)
    first, second = registered_pixels(image, target, options.resample_nm)
    if options.registration != "none":
        refuse_other_sizes(first, second)
    found = find_alignment(first, second, options.registration, nm or target.pixel_size_nm)
    memory.keep(key, _ALIGNMENT.dump_json(found))
    return found


def _limit_px(options: PrepareOptions) -> float:
    """Return the limit of the residual. Without registration, pairs are rejected only if the user sets a limit."""
    if options.max_residual_px is not None:
        return options.max_residual_px
    return np.inf if options.registration == "none" else LIMIT_PX


def registration_notes(pairs: Sequence[AlignedPair], options: PrepareOptions) -> tuple[Message, ...]:
    """Return a warning if pairs are used unregistered although they are misaligned."""
    found = [(pair, pair.alignment.residual) for pair in pairs if pair.alignment and not pair.rejected]
    off = [(pair, residual) for pair, residual in found if residual and residual.median_px > LIMIT_PX]
    if options.registration != "none" or not off:
        return ()
    pair, worst = max(off, key=lambda two: two[1].median_px)
    nm = "" if worst.median_nm is None else f", {worst.median_nm:.3g} nm"
    found_off = (
        f"{len(off)} of {len(pairs)} pairs are used unregistered although they are misaligned by more than "
        f"{LIMIT_PX:g} px; the worst is {pair.input.source} + {pair.target.source} with a median residual of "
        f"{worst.median_px:.1f} px{nm}"
    )
    align, drop = FieldRef("registration"), FieldRef("max_residual_px")
    return (Message(found_off, ". Use ", align, " to align them or ", drop, " to reject them."),)


def _rejection_reason(alignment: Alignment, limit: float) -> str | None:
    """Return why a pair is rejected, or None. An unregistered pair that cannot be measured is accepted."""
    residual = alignment.residual
    if residual is None:
        if alignment.register == "none" or np.isinf(limit):
            return None
        seen = f"only {len(alignment.after.shifts)} of {alignment.after.blocks} blocks could be matched"
        return f"the alignment could not be verified, {seen}"
    if residual.median_px <= limit:
        return None
    return f"median residual {residual.median_px:.1f} px, more than {limit:g} px"
