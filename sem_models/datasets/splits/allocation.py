"""Allocation of groups to splits, for one domain or for two domains that may share groups."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from sem_models.datasets.manifest import Split

Sizes = Counter[str]
"""Number of images of each group in one domain."""
_HELD_OUT: tuple[Split, ...] = ("test", "val")
_FRACTIONS: dict[Split, float] = {"train": 0.6, "val": 0.2, "test": 0.2}


def allocate(
    domains: Sequence[Sizes], seed: int, splits: Sequence[Split], trained: frozenset[str] = frozenset()
) -> dict[str, Split]:
    """Allocate each group to a split, with 60 / 20 / 20 % of the images of every domain as nearly as possible.

    A group has the same split in all domains. Groups that occur in several domains are allocated first, then larger
    before smaller groups, each to the split that it overfills least.

    Args:
        domains: Number of images of each group, per domain. A domain with at least as many groups as splits gets images
            in every split; one with fewer may not.
        seed: Decides the order in which groups of equal size are allocated.
        splits: Splits to fill, including `train`.
        trained: Groups reserved for training. Every domain to be filled must have enough other groups.
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
    """The filling of the splits of one domain during allocation."""

    def __init__(self, sizes: Sizes, splits: Sequence[Split], trained: frozenset[str]) -> None:
        self.sizes = sizes
        self._total = sum(sizes.values())
        self._filled: dict[Split, int] = dict.fromkeys(splits, 0)
        self._filled["train"] = sum(count for group, count in sizes.items() if group in trained)
        self._left = len(set(sizes) - trained)
        self._can_fill = len(sizes) >= len(splits)

    def must_fill(self) -> Split | None:
        """Return a held-out split that would stay empty if one of the remaining groups went elsewhere."""
        empty = [split for split in _HELD_OUT if self._filled.get(split) == 0]
        pressing = self._can_fill and self._left <= len(empty) and self._filled["train"] > 0
        return empty[0] if pressing else None

    def fullness(self, split: Split, group: str) -> float:
        return (self._filled[split] + self.sizes[group]) / (_FRACTIONS[split] * self._total)

    def take(self, group: str, split: Split) -> None:
        self._filled[split] += self.sizes[group]
        self._left -= 1
