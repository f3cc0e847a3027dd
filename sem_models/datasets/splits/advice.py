"""What a plan tells the user about groups that were found in file names."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sem_models.datasets.splits.elements import name_elements
from sem_models.datasets.splits.sections import Sections, find_sections
from sem_models.errors import FieldRef, Message

_PART = r"[^-_. ]+"
_WORD = r"(?!\d+[-_. ])[^-_. ]+"
"""A part that is not a number: numbers count the images of each specimen."""
_BETWEEN = r"[-_. ]+"
_EXTENSION = r"\.[A-Za-z0-9]+(?:#\d+)?$"
_MOST_PARTS = 4
_SPLITS = 3


@dataclass(frozen=True)
class Proposal:
    """A pattern that finds groups of several images, and the number of groups."""

    pattern: str
    groups: int


def propose_pattern(names: Sequence[str]) -> Proposal | None:
    """Find a group pattern that gives several images to a group, preferably in three or more groups.

    A leading code of letters and digits (`Sc1`, `b07`) is tried first, then one to four parts of the name between
    separators, then what stands before the last number, then the second to fourth and the last part alone.

    Returns:
        The first pattern with at least three groups, otherwise the first with two; None if no pattern fits all names,
        or groups would be elements or serial sections.
    """
    fitting = [Proposal(pattern, count) for pattern in _patterns() if (count := _groups(names, pattern))]
    enough = [found for found in fitting if found.groups >= _SPLITS]
    return next(iter(enough or fitting), None)


def _patterns() -> list[str]:
    leading = [rf"^({_PART}{rf'{_BETWEEN}{_PART}' * more}){_BETWEEN}" for more in range(_MOST_PARTS)]
    alone = [
        rf"^(?:{_PART}{_BETWEEN}){{{before}}}({_WORD})(?:{_BETWEEN}|{_EXTENSION})" for before in range(1, _MOST_PARTS)
    ]
    before_number = rf"^(.*[A-Za-z0-9)])(?:{_BETWEEN}|(?<=[A-Za-z])|\()\d+\)?{_EXTENSION}"
    return [r"^([A-Za-z]+\d+)", *leading, before_number, *alone, rf"{_BETWEEN}({_WORD}){_EXTENSION}"]


def _groups(names: Sequence[str], pattern: str) -> int | None:
    """Return the number of groups; None if the pattern does not fit or finds no groups of several images."""
    matches = [re.search(pattern, name) for name in names]
    if not all(matches):
        return None
    found = Counter(match[1] for match in matches if match)
    groups = Counter(word.casefold() for word in found.elements())
    if not 2 <= len(groups) <= len(names) / 2 or name_elements({re.split(_BETWEEN, word)[0] for word in found}):
        return None
    return len(groups)


def group_notes(groups: Mapping[str, str], splits: Mapping[str, str]) -> tuple[Message, ...]:
    """Return notes on groups that are single files, and on serial sections that are in two splits.

    Args:
        groups: The group of each sample name, as found in the name.
        splits: The split of each sample name.
    """
    series = find_sections(list(groups))
    single = len(set(groups.values())) == len(groups)
    notes = [_sections_note(found, splits, single) for found in series if found.neighbours_apart(splits)]
    if single and not notes:
        notes.append(_files_note(list(groups)))
    return tuple(notes)


def _files_note(names: Sequence[str]) -> Message:
    found = propose_pattern(names)
    said = (
        f"By their names, each of the {len(names)} files is a group of its own. If several of them show one specimen, "
        "it is in training and in test, and scores are better than for new specimens. "
    )
    way = FieldRef("group_by")
    if found is None:
        return Message(said, "No part that their names share groups them; if you know one, state it with ", way, ".")
    few = "" if found.groups >= _SPLITS else f"; {_SPLITS} are needed, so add images of another specimen"
    return Message(
        said, "To group them by name, use ", FieldRef("group_by", found.pattern), f" ({found.groups} groups{few})."
    )


def _sections_note(found: Sections, splits: Mapping[str, str], single: bool) -> Message:
    apart, pairs = found.neighbours_apart(splits), len(found.names) - 1
    said = (
        f"{found.names[0]} to {found.names[-1]} are numbered like serial sections, and {apart} of {pairs} pairs of "
        "neighbours are in two splits. Neighbouring sections show nearly the same structures, so scores are better "
        "than for another block of material."
    )
    if not single:
        return Message(said)
    blocks = found.block_pattern()
    if blocks is None:
        return Message(
            said, f" {len(found.names)} sections are too few for three blocks; add sections of another block."
        )
    pattern, size, count = blocks
    return Message(
        said, f" To keep blocks of {size} together, use ", FieldRef("group_by", pattern), f" ({count} groups)."
    )
