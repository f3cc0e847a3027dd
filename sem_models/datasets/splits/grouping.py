"""Groups (specimens, subjects, sections) from file names, and splits that never divide a group."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from sem_models.counts import counted
from sem_models.datasets.manifest import Split
from sem_models.datasets.splits.allocation import allocate
from sem_models.datasets.splits.elements import name_elements
from sem_models.errors import FieldRef, UserError

BIDS_SUBJECT = r"^(sub-[A-Za-z0-9]+)"
LEADING_CODE = r"^([A-Za-z]+[0-9]+)"
BEFORE_SEPARATOR = r"^([^-_. ]+)"
WHOLE_NAME = r"^(.+?)(?:\.[A-Za-z0-9]+)?(?:#\d+)?$"
NOT_JOINED: Mapping[str, str] = MappingProxyType({})
"""No group of the file names is part of another group."""
NOT_STATED: Mapping[str, Split] = MappingProxyType({})
"""The files name no split for any group."""
_WORDS: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}
_NEEDS = {2: "training and validation", 3: "training, validation and test"}


def guess_group_pattern(names: Sequence[str]) -> str:
    """Guess the group pattern: the first common one that matches every name and finds at least three groups.

    These patterns are tried in order: BIDS subjects (`sub-rat1`), a leading code of letters and digits (`C10`, `Sc1`),
    and the text before the first separator. Symbols of elements (`Al`, `FeKa1`) are not groups, because they name maps
    of one field. If no pattern fits, each file is its own group.
    """
    for pattern in (BIDS_SUBJECT, LEADING_CODE, BEFORE_SEPARATOR):
        matches = [re.search(pattern, name) for name in names]
        words = {match[1] for match in matches if match}
        if all(matches) and len({word.casefold() for word in words}) >= 3 and not name_elements(words):
            return pattern
    return WHOLE_NAME


def group_of(name: str, pattern: str, field: str = "group_by") -> str:
    """Return the group of a file: what the first parenthesis of the pattern (or the whole pattern) matches.

    Args:
        name: Name of the file.
        pattern: Regular expression.
        field: Field with which the user can change the pattern, for messages.

    Returns:
        The group in lower case, so that case does not matter.

    Raises:
        UserError: The pattern is not a regular expression or does not match the name.
    """
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise UserError(f"Group pattern {pattern!r} is not a regular expression: {error}.") from error
    if match is None or not match[0]:
        raise UserError(
            f"{name}: the group pattern {pattern!r} does not match this name; change ", FieldRef(field), "."
        )
    return (match[1] if match.re.groups else match[0]).casefold()


def assign_splits(
    groups: Sequence[str],
    seed: int,
    test: str | None = None,
    joined: Mapping[str, str] = NOT_JOINED,
    strata: Sequence[str] = (),
    stated: Mapping[str, Split] = NOT_STATED,
) -> dict[str, Split]:
    """Allocate each group to a split, with 60 / 20 / 20 % of the images as nearly as whole groups allow.

    Where the test split is known beforehand, the other groups are allocated to training and validation alone.

    Args:
        groups: The group of each image.
        seed: Decides the order in which groups of equal size are allocated.
        test: Regular expression, case-insensitive, for groups of the test split.
        joined: The group that another group is part of. Both are in the test split if either matches.
        strata: The category of each image, if each category is to be divided among the splits; empty: there are none.
        stated: The split of groups that are not to be allocated, which `test` does not change.

    Returns:
        The split of each group that is not part of another one.

    Raises:
        UserError: There are too few groups, or the pattern is not a regular expression or matches no group.
    """
    sizes = Counter(joined.get(group, group) for group in groups)
    named = matching(sorted(set(groups)), test) if test is not None else []
    known: dict[str, Split] = {**dict.fromkeys(sorted(joined.get(group, group) for group in named), "test"), **stated}
    if stated and known.keys() >= sizes.keys():
        return known
    rest = Counter({group: count for group, count in sizes.items() if group not in known})
    allocated: tuple[Split, ...] = ("train", "val") if "test" in known.values() else ("train", "val", "test")
    return _allocate(rest, seed, allocated, _parts(groups, strata, joined, rest, len(allocated))) | known


def empty_splits(splits: Iterable[Split]) -> list[str]:
    """Return the splits that hold none of the images, by their full names."""
    found = set(splits)
    return [word for split, word in _WORDS.items() if split not in found]


def matching(groups: Sequence[str], pattern: str) -> list[str]:
    """Return the groups that the user's pattern for the test groups matches, ignoring case.

    Raises:
        UserError: The pattern is not a regular expression or matches no group.
    """
    try:
        found = [group for group in groups if re.search(pattern, group, re.IGNORECASE)]
    except re.error as error:
        raise UserError(f"Test groups {pattern!r} is not a regular expression: {error}.") from error
    if not found:
        raise UserError(f"No group matches the test groups {pattern!r}; the groups are {', '.join(groups)}.")
    return found


def _parts(
    groups: Sequence[str], strata: Sequence[str], joined: Mapping[str, str], rest: Counter[str], splits: int
) -> list[Counter[str]]:
    """Return the sizes of the groups of each category; those with too few groups for all splits are taken together."""
    of_category: dict[str, Counter[str]] = defaultdict(Counter)
    for group, category in zip(groups, strata or [""] * len(groups), strict=True):
        if (own := joined.get(group, group)) in rest:
            of_category[category][own] += 1
    large = [sizes for _, sizes in sorted(of_category.items()) if len(sizes) >= splits]
    small = sum((sizes for sizes in of_category.values() if len(sizes) < splits), Counter[str]())
    return [*large, small] if small else large


def _allocate(
    sizes: Counter[str], seed: int, allocated: Sequence[Split], parts: Sequence[Counter[str]]
) -> dict[str, Split]:
    if len(sizes) < len(allocated):
        raise UserError(
            f"Only {counted(len(sizes), 'group')} found ({', '.join(sorted(sizes))}), but {_NEEDS[len(allocated)]} "
            "need one each. Add images of other specimens, or set ",
            FieldRef("group_by"),
            " to a pattern that distinguishes the specimens.",
        )
    return allocate(parts, seed, allocated)
