"""Imports between packages, counted at any level, and import cycles."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from benchmarks.architecture.modules import Checkout

Arrows = Mapping[tuple[str, str], int]


def arrows(checkout: Checkout, place: Callable[[str], str]) -> Counter[tuple[str, str]]:
    """Count the pairs of modules, by the places of importer and imported module."""
    pairs = ((place(source), place(target)) for source, targets in checkout.imports.items() for target in targets)
    return Counter(pair for pair in pairs if pair[0] != pair[1])


def circles(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Import cycles: strongly connected components of at least two places."""
    below: dict[str, set[str]] = {}
    for source, target in pairs:
        below.setdefault(source, set()).add(target)
        below.setdefault(target, set())
    reach = {place: _reachable(place, below) for place in below}
    found = {tuple(sorted({other for other in reach[place] if place in reach[other]})) for place in below}
    return [list(names) for names in sorted(found) if len(names) > 1]


def _reachable(start: str, below: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for place in below[waiting.pop()] - seen:
            seen.add(place)
            waiting.append(place)
    return seen
