"""Which mask belongs to which image where a folder holds several masks an image (axon, myelin, both)."""

from collections.abc import Sequence
from pathlib import Path

from sem_models.data.pairing import Matching, match_by_name
from sem_models.errors import UserError


def match_masks(images: Sequence[Path], masks: Sequence[Path], suffix: str | None) -> Matching:
    """Pair by name; with `suffix` only masks whose name ends in it, and by the name before it.

    Raises:
        UserError: No mask has that ending, or none belongs to an image.
    """
    wanted = {path: path for path in masks}
    if suffix:
        wanted = {_without(path, suffix): path for path in masks if path.stem.endswith(suffix)}
    if not wanted:
        raise UserError(f"No mask file name ends in {suffix!r} before its type; there is, for one, {masks[0].name}.")
    found = match_by_name(images, list(wanted))
    if not found.pairs:
        raise UserError(
            f"No mask belongs to an image by its name (images such as {images[0].name}, masks such as {masks[0].name}):"
            " name them alike, or say by --mask-suffix what the names of masks end in."
        )
    alone = tuple(wanted.get(path, path) for path in found.alone)
    return Matching(tuple((image, wanted[mask]) for image, mask in found.pairs), alone, found.by)


def unused_masks(matching: Matching, masks: Sequence[Path]) -> tuple[str, ...]:
    """A note where masks stayed without an image: the user may have meant those."""
    unused = sorted(set(matching.alone) & set(masks))
    if not unused:
        return ()
    used = matching.pairs[0][1].name
    return (
        f"{len(unused)} mask file(s) are not used, such as {unused[0].name}; used are those like {used}. Where an "
        "image has several masks, choose by --mask-suffix.",
    )


def _without(path: Path, suffix: str) -> Path:
    return path.with_name(path.stem.removesuffix(suffix) + path.suffix)
