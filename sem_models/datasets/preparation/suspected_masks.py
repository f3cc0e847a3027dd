"""Files that look like masks but are prepared as images: by their names, or by how few grey levels they have."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.counts import counted
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.errors import FieldRef, Message

_SUFFIX = re.compile(
    r"[-_. ]+(?:masks?|seg|segs|segmentation|segmented|labels?|annotations?)(?:[-_. ].*)?$", re.IGNORECASE
)
_MOST_LEVELS = 16
_FLAT_SHARE = 0.8
"""Share of pixels that equal their upper and left neighbours, above which an image consists of flat areas."""

_COUNTED = 0.99
"""Share of the flat pixels whose grey levels count; compression leaves a few stray ones."""


def masks_by_name(paths: Sequence[Path]) -> dict[Path, Path]:
    """Find files whose name is that of another file and an ending such as `_mask`, `_seg-axon` or `_labels`.

    Returns:
        The image that each mask belongs to; the file types may differ.
    """
    images = {path.stem.casefold(): path for path in paths}
    found = {}
    for path in paths:
        ending = _SUFFIX.search(path.stem)
        image = images.get(path.stem[: ending.start()].casefold()) if ending else None
        if image is not None:
            found[path] = image
    return found


def grey_levels_of_a_mask(pixels: NDArray[Any]) -> int | None:
    """Count the grey levels of the flat areas of (H, W, C); None if the image is none of few flat areas, as masks are.

    Compression and interpolation add levels at the edges between areas, which hardly count.
    """
    here = pixels[1:, 1:]
    flat = ((here == pixels[:-1, 1:]) & (here == pixels[1:, :-1])).all(axis=2)
    if flat.size == 0 or flat.mean() < _FLAT_SHARE:
        return None
    levels = max(_levels(here[..., channel][flat]) for channel in range(pixels.shape[2]))
    return levels if levels <= _MOST_LEVELS else None


def _levels(values: NDArray[Any]) -> int:
    """Count the most frequent values that make up 99 % of all."""
    counts = np.sort(np.unique(values, return_counts=True)[1])[::-1]
    return int(np.searchsorted(np.cumsum(counts), _COUNTED * len(values))) + 1


def left_out_note(masks: dict[Path, Path]) -> Message:
    """Say which files are left out because of their names, and what to do."""
    mask, image = next(iter(masks.items()))
    are = "is left out: it is named like a mask" if len(masks) == 1 else "are left out: they are named like masks"
    return Message(
        f"{counted(len(masks), 'file')} {are} of another file, such as {mask.name} of {image.name}. To learn from "
        "masks, move them to a folder of their own and use ",
        FieldRef("kind", "masked"),
        " with ",
        FieldRef("masks"),
        ". If they are micrographs, use ",
        FieldRef("masks_as_images"),
        ".",
    )


def few_levels_note(images: Sequence[PlannedImage]) -> tuple[Message, ...]:
    """Return a note if images consist of flat areas of few grey levels, which they keep as images of the dataset."""
    found = [image for image in images if image.mask_levels is not None]
    if not found:
        return ()
    levels, names = found[0].mask_levels, ", ".join(image.source for image in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    what = "consists" if len(found) == 1 else "consist"
    return (
        Message(
            f"{counted(len(found), 'image')} {what} of flat areas, as masks and drawings do: {names}{more} "
            f"({found[0].source} has {counted(levels or 0, 'grey level')}). They are used as images, and scores on "
            "them say nothing about micrographs. If they are masks, move them to a folder of their own; to learn from "
            "them, use ",
            FieldRef("kind", "masked"),
            " with ",
            FieldRef("masks"),
            ".",
        ),
    )
