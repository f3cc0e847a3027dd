"""Groups (specimen, subject, section) out of file names, and splits that never divide one."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from sem_models.data.manifest import Split
from sem_models.errors import UserError

BIDS_SUBJECT = r"^(sub-[A-Za-z0-9]+)"
LEADING_CODE = r"^([A-Za-z]+[0-9]+)"
BEFORE_SEPARATOR = r"^([^-_. ]+)"
WHOLE_NAME = r"^(.+?)(?:\.[A-Za-z0-9]+)?(?:#\d+)?$"
_HELD_OUT: tuple[Split, ...] = ("test", "val")
_FRACTIONS: dict[Split, float] = {"train": 0.6, "val": 0.2, "test": 0.2}


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


def group_of(name: str, pattern: str) -> str:
    """The group of a file: first parenthesis of the pattern (or all of its match), without regard to case.

    Raises:
        UserError: The pattern is not a regular expression or does not fit the name.
    """
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise UserError(f"Group pattern {pattern!r} is not a regular expression: {error}.") from error
    if match is None or not match[0]:
        raise UserError(f"{name}: the group pattern {pattern!r} does not fit this name; change --group-by.")
    return (match[1] if match.re.groups else match[0]).casefold()


def assign_splits(groups: Sequence[str], seed: int) -> dict[str, Split]:
    """A split for each group, 60 / 20 / 20 % by number of images as nearly as whole groups allow.

    Args:
        groups: The group of each image, repeated once an image.
        seed: Order in which groups of equal size are dealt.

    Raises:
        UserError: Fewer than three groups cannot fill three splits.
    """
    sizes = Counter(groups)
    if len(sizes) < 3:
        raise UserError(
            f"Only {len(sizes)} group(s) found ({', '.join(sorted(sizes))}): "
            "training, validation and test need one each. "
            ""
            "Add images of other specimens, or set --group-by to a pattern that tells specimens apart."
        )
    order = sorted(sizes)
    np.random.default_rng(seed).shuffle(order)
    order.sort(key=lambda group: -sizes[group])
    filled: dict[Split, int] = dict.fromkeys(_FRACTIONS, 0)
    splits: dict[str, Split] = {}
    for index, group in enumerate(order):
        empty = [split for split in _HELD_OUT if filled[split] == 0]
        must_fill = len(order) - index <= len(empty) and filled["train"] > 0
        split = empty[0] if must_fill else _neediest(filled, sizes[group], sum(sizes.values()))
        splits[group] = split
        filled[split] += sizes[group]
    return splits


def _neediest(filled: dict[Split, int], size: int, total: int) -> Split:
    """The split whose share stays least overfull when the group joins it."""
    return min(filled, key=lambda split: (filled[split] + size) / (_FRACTIONS[split] * total))
