"""Groups and splits of two unpaired domains: each domain is allocated separately; shared groups get one split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sem_models.counts import counted
from sem_models.datasets.manifest import Split
from sem_models.datasets.preparation.corrections import Corrections
from sem_models.datasets.preparation.duplicates import FoundDuplicates, find_duplicates
from sem_models.datasets.preparation.memory import NO_MEMORY, Memory
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.splits.allocation import Sizes, allocate
from sem_models.datasets.splits.grouping import NOT_JOINED, WHOLE_NAME, group_of, guess_group_pattern, matching
from sem_models.errors import FieldRef, UserError
from sem_models.progress import Progress, silent

_NAMES = "first", "second"
_MISSING: dict[Split, str] = {"val": "validation", "test": "test"}


@dataclass(frozen=True)
class DomainSplits:
    """The images of both domains with their groups and splits."""

    images: tuple[PlannedImage, ...]
    group_by: str
    target_group_by: str | None
    """Pattern of the second domain, if it differs from that of the first."""
    notes: tuple[str, ...]
    duplicates: FoundDuplicates


def split_domains(
    images: Sequence[PlannedImage],
    options: PrepareOptions,
    progress: Progress = silent,
    memory: Memory = NO_MEMORY,
) -> DomainSplits:
    """Group the images of each domain by its pattern and allocate the groups to splits, then correct both.

    Raises:
        UserError: A pattern does not match, or there are too few groups.
    """
    names = [image.sample for image in images if image.role == "input"]
    first, second = _patterns(names, [image.sample for image in images if image.role == "target"], options)
    field = "target_group_by" if options.target_group_by else "group_by"
    grouped = [
        replace(image, group=group_of(image.sample, first))
        if image.role == "input"
        else replace(image, group=group_of(image.sample, second, field))
        for image in images
    ]
    corrections = Corrections(options.corrections)
    grouped = corrections.grouped(grouped, paired=False)
    duplicates = find_duplicates(grouped, progress, memory) if options.join_same_field else FoundDuplicates()
    inputs, targets = ([image.group for image in grouped if image.role == role] for role in ("input", "target"))
    try:
        splits, notes = assign_domain_splits(inputs, targets, options.seed, options.test_groups, duplicates.joined)
    except UserError as error:
        raise duplicates.explained(error) from error
    splits |= corrections.splits(grouped, duplicates.joined)
    known = set(names)
    done = tuple(
        replace(image, sample=_own_name(image, known)) for image in with_splits(grouped, splits, duplicates.joined)
    )
    return DomainSplits(done, first, second if second != first else None, notes, duplicates)


def with_splits(
    images: Sequence[PlannedImage], splits: Mapping[str, Split], joined: Mapping[str, str]
) -> tuple[PlannedImage, ...]:
    """Return the images with their splits, and with the groups that theirs are part of."""
    return tuple(
        replace(
            image,
            group=(group := joined.get(image.group, image.group)),
            group_by_name=image.group if group != image.group else None,
            split=splits[group],
            fingerprint=None,
        )
        for image in images
    )


def assign_domain_splits(
    first: Sequence[str],
    second: Sequence[str],
    seed: int,
    test: str | None = None,
    joined: Mapping[str, str] = NOT_JOINED,
) -> tuple[dict[str, Split], tuple[str, ...]]:
    """Allocate the groups of two domains to splits, with about 60 / 20 / 20 % of the images of each domain.

    A domain with fewer groups than splits is used for training only, unless the other domain needs the groups that
    both share to fill its own splits.

    Args:
        first: The group of each image of the first domain.
        second: The group of each image of the second domain.
        seed: Decides the order in which groups of equal size are allocated.
        test: Regular expression for the groups of the test split in both domains; None: it is allocated as well.
        joined: The group that another group is part of. Both are in the test split if either matches.

    Returns:
        The split of each group that is not part of another one, and notes for the user.

    Raises:
        UserError: Neither domain can fill the splits, one has no group left for training, or the pattern is invalid.
    """
    domains = [Counter(joined.get(group, group) for group in groups) for groups in (first, second)]
    named = matching(sorted({*first, *second}), test) if test is not None else []
    held = {joined.get(group, group) for group in named}
    rest = [Counter({group: n for group, n in sizes.items() if group not in held}) for sizes in domains]
    allocated: tuple[Split, ...] = ("train", "val") if held else ("train", "val", "test")
    _refuse(rest, len(allocated))
    splits = allocate(rest, seed, allocated, _for_training(rest, len(allocated))) | dict.fromkeys(sorted(held), "test")
    told = [_note(name, sizes, splits) for name, sizes in zip(_NAMES, domains, strict=True)]
    return splits, tuple(note for note in told if note)


def _refuse(rest: Sequence[Sizes], needed: int) -> None:
    for name, sizes in zip(_NAMES, rest, strict=True):
        if not sizes:
            raise UserError(
                f"No group of the {name} domain is left for training; add images, or change the test groups."
            )
    if all(len(sizes) < needed for sizes in rest):
        counts = " and ".join(f"{counted(len(sizes), 'group')} ({', '.join(sorted(sizes))})" for sizes in rest)
        raise UserError(
            f"The two domains have {counts} to allocate to splits, but one of them needs {needed}. Add images of other "
            "specimens, or set ",
            FieldRef("group_by"),
            " and ",
            FieldRef("target_group_by"),
            " to patterns that distinguish the specimens.",
        )


def _for_training(rest: Sequence[Sizes], needed: int) -> frozenset[str]:
    """Return all groups of a domain that has too few, if the other domain can do without them."""
    small, large = sorted(map(set, rest), key=len)
    if len(small) >= needed or len(large - small) < needed - 1:
        return frozenset()
    return frozenset(small)


def _note(name: str, sizes: Sizes, splits: dict[str, Split]) -> str:
    """Return a note if a domain has no images in a split; otherwise an empty text."""
    counts: Counter[Split] = Counter()
    for group, images in sizes.items():
        counts[splits[group]] += images
    missing = [_MISSING[split] for split in _MISSING if not counts[split]]
    if not missing:
        return ""
    trained = counted(counts["train"], "image")
    text = f"The {name} domain has {counted(len(sizes), 'group')}: {trained} for training, none for "
    text += " and ".join(missing) + "."
    if name == "first" and not counts["val"]:
        text += " Validation uses the first domain: exchange the two folders; a CycleGAN learns both directions."
    return text


def _patterns(first: Sequence[str], second: Sequence[str], options: PrepareOptions) -> tuple[str, str]:
    """Return a pattern for each domain. A common one is preferred, because it shows which specimens are in both."""
    if options.group_by or options.target_group_by:
        own = options.group_by or guess_group_pattern(first)
        return own, options.target_group_by or own
    common = guess_group_pattern([*first, *second])
    if common != WHOLE_NAME:
        return common, common
    return guess_group_pattern(first), guess_group_pattern(second)


def _own_name(image: PlannedImage, first: set[str]) -> str:
    """Return a unique sample name; files with the same name in both folders are two samples."""
    return f"{image.sample} (target)" if image.role == "target" and image.sample in first else image.sample
