"""Which target belongs to which input, by file name."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_ROLE_WORDS = {
    *("input", "inputs", "target", "targets", "lr", "hr", "low", "high", "noisy", "clean", "source", "gt", "image"),
    *("sem", "tem", "tsem", "stem", "bse", "bsd", "se", "ppl", "xpl", "mask", "masks", "label", "labels", "seg", "m"),
    *("axonmyelin", "manual", "inlens", "pol", "parallel", "crossed", "paralelos", "cruzados", "mascara"),
}


@dataclass(frozen=True)
class Matching:
    """Pairs found, and files that stay alone."""

    pairs: tuple[tuple[Path, Path], ...]
    alone: tuple[Path, ...]
    by: Literal["name", "order"] = "name"


def match_by_name(inputs: Sequence[Path], targets: Sequence[Path]) -> Matching:
    """Pair files whose stems agree, exactly or else after words that name a role (`_lr`, `-SEM`, `_mask`) are dropped.

    Two candidates for one partner are left alone: a guess would be a wrong pair. Only where no name agrees at all and
    both sides hold equally many files (instruments number their frames in turn) are they paired in order, and said so.
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
