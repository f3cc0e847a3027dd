"""What somebody may have meant by a name that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches

_FEW = 8
"""So many names are all listed where none is similar."""
_MOST = 3


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return one sentence: the names most like `name`, or else all of them, or some where there are many."""
    names = list(dict.fromkeys(known))
    if similar := closest(name, names):
        return f"Did you mean {one_of(similar)}?"
    if not names:
        return "There is none yet."
    if len(names) <= _FEW:
        return f"There {'is' if len(names) == 1 else 'are'} {one_of(names, 'and')}."
    return f"No name is similar; there are {len(names)}, for example {one_of(names[:_MOST], 'and')}."


def closest(name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Return at most three names like `name`, the most similar first; upper and lower case count as equal.

    Similar means a ratio of matching characters (Ratcliff and Obershelp) of at least `cutoff`.
    """
    by_folded: dict[str, list[str]] = {}
    for other in known:
        by_folded.setdefault(other.casefold(), []).append(other)
    found = get_close_matches(name.casefold(), by_folded, _MOST, cutoff)
    return [other for folded in found for other in by_folded[folded]][:_MOST]


def one_of(names: list[str], word: str = "or") -> str:
    """Join names as in a sentence: `a, b or c`."""
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else names[0]
