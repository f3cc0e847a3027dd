"""Which part of each batch one of several training processes takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """The part number `index` (from 0) of `count` equal ones."""

    index: int = 0
    count: int = 1

    def seed(self, seed: int) -> int:
        """Return the seed of random numbers that the processes must not have in common; the first keeps `seed`."""
        return seed + 7919 * self.index


WHOLE = Share()
