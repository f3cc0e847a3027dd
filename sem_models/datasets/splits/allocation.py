"""Dealing groups to the splits: one domain, or two that may have groups in common, each with its share."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from sem_models.datasets.manifest import Split

Sizes = Counter[str]
"""Images by group, of one domain."""
_HELD_OUT: tuple[Split, ...] = ("test", "val")
_FRACTIONS: dict[Split, float] = {"train": 0.6, "val": 0.2, "test": 0.2}


def allocate(
    domains: Sequence[Sizes], seed: int, splits: Sequence[Split], trained: frozenset[str] = frozenset()
) -> dict[str, Split]:
    """A split for each group, with 60 / 20 / 20 % of the images of every domain as nearly as whole groups allow.

    A group has one split in all domains. Those in several are dealt before the others, larger ones before smaller
    ones, each to the split whose shares stay least overfull.

    Args:
        domains: A domain with as many groups as splits gets images in each of them; one with fewer, perhaps not.
        seed: Order in which groups of equal size are dealt.
        splits: Those to fill; `train` is one of them.
        trained: Groups that are for training beforehand; every domain to be filled has enough others.
    """
    table = [_Domain(sizes, splits, trained) for sizes in domains]
    order = sorted(set().union(*domains) - trained)
    np.random.default_rng(seed).shuffle(order)
    total = {group: sum(sizes[group] for sizes in domains) for group in order}
    order.sort(key=lambda group: (-sum(group in sizes for sizes in domains), -total[group]))
    allocated: dict[str, Split] = dict.fromkeys(sorted(trained), "train")
    for group in order:
        having = [domain for domain in table if group in domain.sizes]
        must = [split for domain in having if (split := domain.must_fill())]
        allocated[group] = (
            must[0] if must else min(splits, key=lambda split: sum(d.fullness(split, group) for d in having))
        )
        for domain in having:
            domain.take(group, allocated[group])
    return allocated


class _Domain:
    """How far the splits of one domain are filled."""

    def __init__(self, sizes: Sizes, splits: Sequence[Split], trained: frozenset[str]) -> None:
        self.sizes = sizes
        self._total = sum(sizes.values())
        self._filled: dict[Split, int] = dict.fromkeys(splits, 0)
        self._filled["train"] = sum(count for group, count in sizes.items() if group in trained)
        self._left = len(set(sizes) - trained)
        self._can_fill = len(sizes) >= len(splits)

    def must_fill(self) -> Split | None:
        """A held-out split that would stay empty if one of the remaining groups went elsewhere."""
        empty = [split for split in _HELD_OUT if self._filled.get(split) == 0]
        pressing = self._can_fill and self._left <= len(empty) and self._filled["train"] > 0
        return empty[0] if pressing else None

    def fullness(self, split: Split, group: str) -> float:
        return (self._filled[split] + self.sizes[group]) / (_FRACTIONS[split] * self._total)

    def take(self, group: str, split: Split) -> None:
        self._filled[split] += self.sizes[group]
        self._left -= 1
