"""Groups (specimen, subject, section) out of file names, and splits that never divide one."""

import re
from collections import Counter
from collections.abc import Sequence

from sem_models.datasets.manifest import Split
from sem_models.datasets.splits.allocation import allocate
from sem_models.errors import FieldRef, UserError

BIDS_SUBJECT = r"^(sub-[A-Za-z0-9]+)"
LEADING_CODE = r"^([A-Za-z]+[0-9]+)"
BEFORE_SEPARATOR = r"^([^-_. ]+)"
WHOLE_NAME = r"^(.+?)(?:\.[A-Za-z0-9]+)?(?:#\d+)?$"
_NEEDS = {2: "training and validation", 3: "training, validation and test"}


def guess_group_pattern(names: Sequence[str]) -> str:
    """The first usual pattern that fits every name and finds at least three groups; else each file is a group.

    Tried in this order: BIDS subjects (`sub-rat1`), a leading letter-number code (`C10`, `Sc1`), the text before the
    first separator.
    """
    for pattern in (BIDS_SUBJECT, LEADING_CODE, BEFORE_SEPARATOR):
        matches = [re.search(pattern, name) for name in names]
        groups = {match[1].casefold() for match in matches if match}
        if all(matches) and len(groups) >= 3:
            return pattern
    return WHOLE_NAME


def group_of(name: str, pattern: str, field: str = "group_by") -> str:
    """The group of a file: first parenthesis of the pattern (or all of its match), without regard to case.

    Args:
        name: Of the file.
        pattern: Regular expression.
        field: By which the user can give another one.

    Raises:
        UserError: The pattern is not a regular expression or does not fit the name.
    """
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise UserError(f"Group pattern {pattern!r} is not a regular expression: {error}.") from error
    if match is None or not match[0]:
        raise UserError(f"{name}: the group pattern {pattern!r} does not fit this name; change ", FieldRef(field), ".")
    return (match[1] if match.re.groups else match[0]).casefold()


def assign_splits(groups: Sequence[str], seed: int, test: str | None = None) -> dict[str, Split]:
    """A split for each group, 60 / 20 / 20 % by number of images as nearly as whole groups allow.

    Args:
        groups: The group of each image, repeated once an image.
        seed: Order in which groups of equal size are dealt.
        test: Regular expression of the groups that are the test, without regard to case; the others are dealt to
            training and validation. None: the test is dealt, too.

    Raises:
        UserError: Too few groups to fill the splits, or a pattern that is none or that no group fits.
    """
    sizes = Counter(groups)
    held = matching(sorted(sizes), test) if test is not None else []
    rest = Counter({group: count for group, count in sizes.items() if group not in held})
    allocated: tuple[Split, ...] = ("train", "val") if held else ("train", "val", "test")
    return _allocate(rest, seed, allocated) | dict.fromkeys(held, "test")


def matching(groups: Sequence[str], pattern: str) -> list[str]:
    """The groups that a user means by the test groups `pattern`, without regard to case; none is a `UserError`."""
    try:
        found = [group for group in groups if re.search(pattern, group, re.IGNORECASE)]
    except re.error as error:
        raise UserError(f"Test groups {pattern!r} is not a regular expression: {error}.") from error
    if not found:
        raise UserError(f"No group fits the test groups {pattern!r}; there are {', '.join(groups)}.")
    return found


def _allocate(sizes: Counter[str], seed: int, allocated: Sequence[Split]) -> dict[str, Split]:
    if len(sizes) < len(allocated):
        raise UserError(
            f"Only {len(sizes)} group(s) to deal ({', '.join(sorted(sizes))}): {_NEEDS[len(allocated)]} need one each. "
            "Add images of other specimens, or set ",
            FieldRef("group_by"),
            " to a pattern that tells specimens apart.",
        )
    return allocate([sizes], seed, allocated)
