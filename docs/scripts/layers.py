"""Layout of a graph in rows, so that arrows point downwards and rarely cross."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Pair = tuple[str, str]


@dataclass(frozen=True)
class Layout:
    """Rows from top to bottom. A name that is not a node marks where an arrow passes through a row."""

    rows: tuple[tuple[str, ...], ...]
    paths: tuple[tuple[str, ...], ...]
    """Each arrow as the names that it passes through, one in each row."""

    @property
    def columns(self) -> int:
        """Largest number of names in a row."""
        return max(map(len, self.rows))


def lay_out(nodes: Sequence[str], pairs: Iterable[Pair]) -> Layout:
    """Place each node one row above the highest node that it points to, and order the rows by their neighbours.

    Pairs that close a cycle are drawn upwards.
    """
    below = _without_cycles(nodes, pairs)
    needed = [(source, target) for source in below for target in _reduced(source, below)]
    heights = _heights(below)
    rows: list[list[str]] = [[] for _ in range(max(heights.values()) + 1)]
    for node in nodes:
        rows[heights[node]].append(node)
    paths = []
    for source, target in needed:
        passed = [f"{source}>{target}>{height}" for height in range(heights[source] - 1, heights[target], -1)]
        for name, height in zip(passed, range(heights[source] - 1, heights[target], -1), strict=True):
            rows[height].append(name)
        paths.append((source, *passed, target))
    ordered = _ordered(list(reversed(rows)), paths)
    return Layout(tuple(map(tuple, ordered)), tuple(paths))


def _without_cycles(nodes: Sequence[str], pairs: Iterable[Pair]) -> dict[str, set[str]]:
    below: dict[str, set[str]] = {node: set() for node in nodes}
    for source, target in sorted(pairs):
        if source in below and target in below and source not in _reachable(target, below):
            below[source].add(target)
    return below


def _reachable(start: str, below: Mapping[str, set[str]]) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for node in below[waiting.pop()] - seen:
            seen.add(node)
            waiting.append(node)
    return seen


def _reduced(source: str, below: Mapping[str, set[str]]) -> list[str]:
    """Targets that cannot be reached through another target."""
    return [
        target
        for target in sorted(below[source])
        if not any(target in _reachable(other, below) for other in below[source] if other != target)
    ]


def _heights(below: Mapping[str, set[str]]) -> dict[str, int]:
    heights: dict[str, int] = {}

    def height(node: str) -> int:
        if node not in heights:
            heights[node] = 1 + max((height(target) for target in below[node]), default=-1)
        return heights[node]

    for node in below:
        height(node)
    return heights


def _ordered(rows: list[list[str]], paths: Sequence[Sequence[str]]) -> list[list[str]]:
    """Sweep down and up several times, sorting each row by the mean position of its neighbours in the previous row."""
    above: dict[str, list[str]] = {name: [] for row in rows for name in row}
    under: dict[str, list[str]] = {name: [] for row in rows for name in row}
    for path in paths:
        for upper, lower in pairwise(path):
            above[lower].append(upper)
            under[upper].append(lower)
    for sweep in range(8):
        neighbours = above if sweep % 2 == 0 else under
        for row in rows if sweep % 2 == 0 else reversed(rows):
            place = {name: index / len(other) for other in rows for index, name in enumerate(other)}
            row.sort(key=lambda name: _mean([place[other] for other in neighbours[name]], place[name]))
    return rows


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
