"""How published sets arrange their files: folders of categories, BIDS, two images side by side, consecutive numbers.

Each arrangement is a function from the options to the files to read. What follows (reading, data bars, groups, splits)
is the same for all.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from sem_models.datasets.kinds import Kind
from sem_models.datasets.manifest import Split
from sem_models.datasets.preparation.options import Arrangement, PrepareOptions
from sem_models.datasets.preparation.planned_image import Half
from sem_models.datasets.preparation.sources import (
    Candidate,
    Found,
    LeftOut,
    candidates,
    match_masks,
    raw_files,
    unused_masks,
)
from sem_models.errors import FieldRef, Message, UserError

_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$")
_SPLIT_FOLDERS: dict[str, Split] = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
}  # fmt: skip
_MICROSCOPY = "micr"
_DERIVED = "derivatives"
_NOT_RAW = {_DERIVED, "sourcedata", "code"}


def find_candidates(options: PrepareOptions) -> Found:
    """Return the files to read, the files left out, and notes, as the arrangement of the files demands.

    Raises:
        UserError: The arrangement does not go with the kind of dataset, or a file or folder does not exist.
    """
    way = ARRANGEMENTS[options.arrangement]
    if options.kind not in way.kinds:
        given = FieldRef("arrangement", options.arrangement)
        fitting = [part for kind in way.kinds for part in (" or ", FieldRef("kind", kind))][1:]
        raise UserError(given, " goes with ", *fitting, f", not with {options.kind}.")
    return way.find(options)


def _by_category(options: PrepareOptions) -> Found:
    """Take the first folder below each raw folder as the category, which becomes part of the name."""
    found = []
    for place in options.raw:
        for path in raw_files((place,)):
            folder = path.relative_to(place).parts[0] if place.is_dir() and path.parent != place else ""
            name = f"{folder}/{path.name}" if folder else path.name
            found.append(Candidate(path, "image", name, shown=name, category=folder))
    return found, [], ()


def _bids(options: PrepareOptions) -> Found:
    """Take the microscopy files of all subjects; masks are those of `derivatives` unless another folder is given."""
    inside = {path: set(path.relative_to(place).parts) for place in options.raw for path in raw_files((place,))}
    images = sorted(path for path, parts in inside.items() if _MICROSCOPY in parts and not parts & _NOT_RAW)
    if not images:
        places = ", ".join(map(str, options.raw))
        raise UserError(f"{places}: no subject has microscopy files (sub-.../{_MICROSCOPY}); choose the root folder.")
    if not options.layout.has_masks:
        return [Candidate(path, "image", path.name) for path in images], [], ()
    derived = sorted(path for path, parts in inside.items() if _DERIVED in parts)
    masks = raw_files((options.masks,)) if options.masks else derived
    if not masks:
        raise UserError(f"There are no masks in {_DERIVED}; name their folder with ", FieldRef("masks"), ".")
    matching = match_masks(images, masks, options.mask_suffix)
    of_pairs = _pairs(matching.pairs, options)
    without = [path for path in matching.alone if path in set(images)]
    alone = [LeftOut(path.name, Message(f"{path.name}: no mask of that name.")) for path in without]
    return of_pairs, alone, unused_masks(matching, masks)


def _side_by_side(options: PrepareOptions, halves: tuple[Half, Half]) -> Found:
    """Take each file as a pair: one half is the input, the other the target; folders may name the split."""
    files = raw_files(options.raw)
    splits = folder_splits(files)
    found = []
    for path in files:
        name = f"{path.parent.name}/{path.name}" if splits else path.name
        for half, role in zip(halves, options.layout.roles, strict=True):
            found.append(Candidate(path, role, name, shown=name, half=half, split=splits.get(path)))
    return found, [], ()


def folder_splits(files: Sequence[Path]) -> dict[Path, Split]:
    """Return the split that the folder of each file names; empty unless all files lie in such folders.

    Where there is no test folder, the images of the validation folder are the test split, because results are
    published on them. Where only training and test images are told apart, no split is named for the others: they are
    divided between training and validation.
    """
    named = {path: split for path in files if (split := _SPLIT_FOLDERS.get(path.parent.name.casefold()))}
    found = set(named.values())
    if len(named) < len(files) or len(found) == 1:
        return {}
    if {"test", "val"} <= found:
        return named
    return {path: "test" for path, split in named.items() if split != "train"}


def _numbered(options: PrepareOptions) -> Found:
    """Pair each file with the one of the next number, in the same folder or in that of the targets."""
    raw = raw_files(options.raw)
    others = raw_files((options.target,)) if options.target else raw
    pairs, alone = consecutive([path for path in raw if path not in set(others) or not options.target], others)
    if not pairs:
        raise UserError(f"{raw[0].name}: no file has the next number; check ", FieldRef("arrangement"), ".")
    return (
        _pairs(pairs, options),
        [LeftOut(path.name, Message(f"{path.name}: no file of the next number.")) for path in alone],
        (),
    )


def consecutive(first: Sequence[Path], second: Sequence[Path]) -> tuple[list[tuple[Path, Path]], list[Path]]:
    """Pair files whose last numbers follow one another and whose names agree otherwise, in ascending order.

    Args:
        first: Files of the lower numbers.
        second: Files of the higher numbers; the same files if both lie in one folder, where each is used once.

    Returns:
        The pairs, and the files without a partner.
    """
    numbered = {key: path for path in sorted(second) if (key := _number(path)) is not None}
    used: set[Path] = set()
    pairs = []
    for path in sorted(first, key=lambda path: (_number(path) or ("", "", -1), path)):
        key = _number(path)
        partner = numbered.get((key[0], key[1], key[2] + 1)) if key else None
        if partner is not None and not {path, partner} & used:
            pairs.append((path, partner))
            used |= {path, partner}
    return pairs, sorted({*first, *second} - used)


def _number(path: Path) -> tuple[str, str, int] | None:
    match = _NUMBER.match(path.stem)
    return (match[1], match[3], int(match[2])) if match else None


def _pairs(pairs: Sequence[tuple[Path, Path]], options: PrepareOptions) -> list[Candidate]:
    roles = options.layout.roles
    return [Candidate(path, role, pair[0].name) for pair in pairs for path, role in zip(pair, roles, strict=True)]


@dataclass(frozen=True)
class Way:
    """One arrangement of files."""

    kinds: tuple[Kind, ...]
    """Kinds of datasets that it can become."""
    find: Callable[[PrepareOptions], Found]
    label: str
    """What a page calls it."""
    second_folder: Literal["needed", "optional", "none"] = "none"
    """Whether targets or masks are in a folder of their own, where a dataset has any."""


ARRANGEMENTS: dict[Arrangement, Way] = {
    "plain": Way(get_args(Kind), candidates, "Plain: files of a folder and its subfolders", "needed"),
    "categories": Way(("single",), _by_category, "Categories: a folder for each category"),
    "bids": Way(("single", "masked"), _bids, "BIDS: a folder for each subject", "optional"),
    "input-left": Way(
        ("paired",), partial(_side_by_side, halves=("left", "right")), "Side by side in one file: input, target"
    ),
    "input-right": Way(
        ("paired",), partial(_side_by_side, halves=("right", "left")), "Side by side in one file: target, input"
    ),
    "numbered": Way(("paired",), _numbered, "Numbered: the target has the next number", "optional"),
}
