"""Serial sections in file names. Neighbours show nearly the same structures, so that they are not independent."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_WORD = r"(?:slice|section|sect|sec|sl|layer|plane|z)"
_NUMBERED = re.compile(rf"^((?:.*[^A-Za-z])?{_WORD}[-_ =]*)(\d+)(?!.*[^A-Za-z]{_WORD}[-_ =]*\d)", re.IGNORECASE)
_NUMBER = re.compile(r"^()(\d+)\.[A-Za-z]\w*$")
_FEWEST = 3
_SPAN = 1.5
"""Largest range of numbers relative to their count: some sections of a series may be missing."""


@dataclass(frozen=True)
class Sections:
    """The sections of one block, in order."""

    before: str
    """What all names begin with, up to the number."""
    names: tuple[str, ...]

    def neighbours_apart(self, splits: Mapping[str, str]) -> int:
        """Return how many pairs of neighbouring sections are in two splits; `splits` holds the split of each name."""
        return sum(splits[first] != splits[second] for first, second in pairwise(self.names))

    def block_pattern(self) -> tuple[str, int, int] | None:
        """Return a group pattern that puts neighbours into blocks, the sections per block, and the number of blocks.

        Blocks are of 100 sections if that makes at least five blocks, otherwise of ten; None for fewer than three.
        """
        for digits, fewest in ((2, 5), (1, 3)):
            pattern = rf"^({re.escape(self.before)}\d*?)\d{{1,{digits}}}(?!\d)"
            blocks = {match[1] for name in self.names if (match := re.search(pattern, name))}
            if len(blocks) >= fewest:
                return pattern, 10**digits, len(blocks)
        return None


def find_sections(names: Sequence[str]) -> list[Sections]:
    """Find series of at least three numbered sections.

    A section has a word such as `slice`, `section`, `layer` or `z` before its number, or its name is a number alone.
    Pages of one file (`stack.tif#3`) are not listed, because they belong together anyway.
    """
    series: dict[str, dict[int, str]] = defaultdict(dict)
    for name in names:
        match = None if "#" in name else _NUMBERED.search(name) or _NUMBER.search(name)
        if match:
            series[match[1]].setdefault(int(match[2]), name)
    return [
        Sections(before, tuple(name for _, name in sorted(numbered.items())))
        for before, numbered in series.items()
        if len(numbered) >= _FEWEST and max(numbered) - min(numbered) < _SPAN * len(numbered)
    ]
