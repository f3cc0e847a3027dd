"""The raw files that a preparation reads, and which of them belong together."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sem_models.counts import counted
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Split
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.planned_image import Half
from sem_models.datasets.preparation.suspected_masks import left_out_note, masks_by_name
from sem_models.errors import FieldRef, Message, UserError
from sem_models.images.io.read import readable_suffixes

_ROLE_WORDS = {
    *("input", "inputs", "target", "targets", "lr", "hr", "low", "high", "noisy", "clean", "source", "gt", "image"),
    *("sem", "tem", "tsem", "stem", "bse", "bsd", "se", "ppl", "xpl", "mask", "masks", "label", "labels", "seg", "m"),
    *("axonmyelin", "manual", "inlens", "pol", "parallel", "crossed", "paralelos", "cruzados", "mascara"),
}


@dataclass(frozen=True)
class Matching:
    """The pairs that were found, and the files without a partner."""

    pairs: tuple[tuple[Path, Path], ...]
    alone: tuple[Path, ...]
    by: Literal["name", "order"] = "name"


def match_by_name(inputs: Sequence[Path], targets: Sequence[Path]) -> Matching:
    """Pair files whose stems agree, either exactly or without words that name a role (`_lr`, `-SEM`, `_mask`).

    If two files could be the partner of a third, none of them is paired, because a guess might be wrong. Files are
    paired in the order of their names only if no names agree and both sides have equally many files, as when an
    instrument numbers all its frames consecutively; `by` then says so.
    """
    pairs: list[tuple[Path, Path]] = []
    left, right = list(inputs), list(targets)
    keys: tuple[Callable[[Path], str], ...] = (lambda path: path.stem.casefold(), _core)
    for key in keys:
        by_key = _unique(right, key)
        matched = [(path, by_key[key(path)]) for path in _unique(left, key).values() if key(path) in by_key]
        pairs += matched
        taken = {path for pair in matched for path in pair}
        left, right = [p for p in left if p not in taken], [p for p in right if p not in taken]
    if not pairs and len(left) == len(right):
        return Matching(tuple(zip(sorted(left), sorted(right), strict=True)), (), "order")
    return Matching(tuple(sorted(pairs)), tuple(sorted(left + right)))


def _unique(paths: Sequence[Path], key: Callable[[Path], str]) -> dict[str, Path]:
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(key(path), []).append(path)
    return {name: same[0] for name, same in found.items() if len(same) == 1}


def _core(path: Path) -> str:
    words = [word for word in re.split(r"[-_. ]+", path.stem.casefold()) if word not in _ROLE_WORDS]
    return "-".join(words)


@dataclass(frozen=True)
class ExtraInputs:
    """The extra inputs that belong to the files of the first input."""

    of: dict[Path, tuple[Path, ...]]
    """One file from each extra folder, in order, for every first file that has all of them."""
    alone: tuple[Path, ...]
    """First files without a partner in one of the folders."""
    unused: tuple[Path, ...]
    """Extra files that do not belong to any first file."""
    by_order: bool
    """Whether no names agreed in one of the folders, so that files were paired in the order of their names."""


def find_extra_inputs(first: Sequence[Path], places: Sequence[Sequence[Path]]) -> ExtraInputs:
    """Match the files of each extra place with the first files by name, as for targets.

    Raises:
        UserError: A file is in two places.
    """
    _refuse_shared((first, *places))
    matched = [match_by_name(first, files) for files in places]
    partners = [dict(matching.pairs) for matching in matched]
    whole = [path for path in first if all(path in found for found in partners)]
    used = {found[path] for found in partners for path in whole}
    return ExtraInputs(
        of={path: tuple(found[path] for found in partners) for path in whole},
        alone=tuple(path for path in first if path not in set(whole)),
        unused=tuple(path for files in places for path in files if path not in used),
        by_order=any(matching.by == "order" for matching in matched),
    )


def _refuse_shared(places: Sequence[Sequence[Path]]) -> None:
    seen: dict[Path, int] = {}
    for index, files in enumerate(places):
        for path in files:
            if seen.setdefault(path.resolve(), index) != index:
                raise UserError(
                    f"{path}: this file is in two of the input places; name folders that do not overlap for the "
                    "first input and for each of ",
                    FieldRef("extra_inputs"),
                    ".",
                )


def match_masks(images: Sequence[Path], masks: Sequence[Path], suffix: str | None) -> Matching:
    """Pair images and masks by name. With `suffix`, use only masks whose name ends in it, and match the name before it.

    Raises:
        UserError: No mask has that ending, or no mask belongs to an image.
    """
    wanted = {path: path for path in masks}
    if suffix:
        wanted = {_without(path, suffix): path for path in masks if path.stem.endswith(suffix)}
    if not wanted:
        raise UserError(
            f"No mask file name ends in {suffix!r} before the file type; the masks have names such as {masks[0].name}."
        )
    found = match_by_name(images, list(wanted))
    if not found.pairs:
        raise UserError(
            f"No mask name matches an image name (images such as {images[0].name}, masks such as {masks[0].name});"
            " give them matching names, or state the ending of the mask names with ",
            FieldRef("mask_suffix"),
            ".",
        )
    alone = tuple(wanted.get(path, path) for path in found.alone)
    return Matching(tuple((image, wanted[mask]) for image, mask in found.pairs), alone, found.by)


def unused_masks(matching: Matching, masks: Sequence[Path]) -> tuple[Message, ...]:
    """Return a note if masks are not used, because the user may have meant those."""
    unused = sorted(set(matching.alone) & set(masks))
    if not unused:
        return ()
    used = matching.pairs[0][1].name
    are = "is" if len(unused) == 1 else "are"
    files = counted(len(unused), "mask file")
    which = f"{files} {are} not used, such as {unused[0].name}; those used are like {used}."
    return (Message(which, " If an image has several masks, choose one with ", FieldRef("mask_suffix"), "."),)


def _without(path: Path, suffix: str) -> Path:
    return path.with_name(path.stem.removesuffix(suffix) + path.suffix)


@dataclass(frozen=True)
class LeftOut:
    """A raw file that does not become part of the dataset."""

    source: str
    reason: Message


@dataclass(frozen=True)
class Candidate:
    """One raw file, its role, and the sample it belongs to."""

    path: Path
    role: Role
    sample: str
    part: int = 0
    """0 for the raw files, 1 for the first folder of extra inputs, and so on."""
    shown: str = ""
    """Name by which the plan shows it; empty: the name of the file."""
    half: Half | None = None
    """Which half of each page is the image; None: all of it."""
    split: Split | None = None
    """Split that its folder names."""
    category: str = ""
    """Category that its folder names."""

    @property
    def name(self) -> str:
        """The name by which the plan shows it."""
        return self.shown or self.path.name


Found = tuple[list[Candidate], list[LeftOut], tuple[Message, ...]]
"""The files to read, the files left out because they have no partner, and notes for the user."""


def candidates(options: PrepareOptions) -> Found:
    """Return the files of folders in which the files of one role lie together, matched by their names.

    Raises:
        UserError: A file or folder does not exist, or the layout needs a second folder.
    """
    raw = raw_files(options.raw)
    layout = options.layout
    if options.extra_inputs and not layout.is_paired:
        extra = FieldRef("extra_inputs")
        goes_with = FieldRef("kind", "paired")
        raise UserError(extra, " goes with ", goes_with, f", whose inputs it adds to, not with {options.kind}.")
    if options.target_group_by and not layout.is_unpaired:
        goes_with = FieldRef("kind", "unpaired")
        instead = f", not with {options.kind}; use "
        raise UserError(FieldRef("target_group_by"), " goes with ", goes_with, instead, FieldRef("group_by"), ".")
    if len(layout.roles) == 1:
        return _single(raw, options)
    other = options.masks if layout.has_masks else options.target
    if other is None:
        needed = "masks" if layout.has_masks else "target"
        raise UserError(f"Kind {options.kind} needs a folder: give ", FieldRef(needed), ".")
    second = raw_files((other,))
    if layout.is_unpaired:
        first_domain = [Candidate(path, "input", path.name) for path in raw]
        return first_domain + [Candidate(path, "target", path.name) for path in second], [], ()
    first = [path for path in raw if path not in set(second)]
    extra_inputs = find_extra_inputs(first, [raw_files((place,)) for place in options.extra_inputs])
    _refuse_targets(extra_inputs, second)
    kept = list(extra_inputs.of)
    matching = match_masks(kept, second, options.mask_suffix) if layout.has_masks else match_by_name(kept, second)
    notes = unused_masks(matching, second) if layout.has_masks else ()
    alone = [LeftOut(path.name, Message(f"{path.name}: no partner of that name.")) for path in matching.alone]
    alone += [LeftOut(path.name, Message(f"{path.name}: an extra input is missing.")) for path in extra_inputs.alone]
    alone += [LeftOut(path.name, Message(f"{path.name}: no input of that name.")) for path in extra_inputs.unused]
    pairs = [
        Candidate(path, role, pair[0].name)
        for pair in matching.pairs
        for path, role in zip(pair, layout.roles, strict=True)
    ]
    pairs += [
        Candidate(path, "input", first.name, part)
        for first, _ in matching.pairs
        for part, path in enumerate(extra_inputs.of[first], start=1)
    ]
    by_order = Message("No names agree: files were paired in the order of their names. Check each pair and its shift.")
    return pairs, alone, (*notes, by_order) if matching.by == "order" or extra_inputs.by_order else notes


def _single(raw: Sequence[Path], options: PrepareOptions) -> Found:
    masks = {} if options.masks_as_images else masks_by_name(raw)
    images = [Candidate(path, "image", path.name) for path in raw if path not in masks]
    lost = [LeftOut(path.name, Message(f"{path.name}: named like a mask of {masks[path].name}.")) for path in masks]
    return images, lost, (left_out_note(masks),) if masks else ()


def _refuse_targets(extra_inputs: ExtraInputs, targets: Sequence[Path]) -> None:
    """Refuse targets that are also inputs: the image to be predicted must not be given."""
    inputs = {path.resolve() for paths in extra_inputs.of.values() for path in paths}
    for path in targets:
        if path.resolve() in inputs:
            extra = FieldRef("extra_inputs")
            raise UserError(f"{path}: this file is a target and is under ", extra, " as well; name another folder.")


def raw_files(places: Sequence[Path]) -> list[Path]:
    """Return the readable files of files and folders, with those of subfolders, in the order of their paths.

    Raises:
        UserError: There is no such file or folder.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += [p for p in place.rglob("*") if p.is_file() and p.suffix.lower() in readable_suffixes()]
        elif place.is_file():
            found.append(place)
        else:
            raise UserError(f"{place}: there is no such file or folder; check the path.")
    return sorted(set(found))
