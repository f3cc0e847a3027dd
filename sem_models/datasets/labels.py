"""Label maps: which raw grey values of masks are classes, and masks as class indices.

Masks are never interpolated nor pooled: between two labels there is nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.micrograph import Micrograph

MOST_CLASSES = 16
_STRAY_SHARE = 1e-4
_ALIKE = 2
_HIGHEST = 65535
Counts = Mapping[int, int]
"""Pixels by raw value."""


@dataclass(frozen=True)
class LabelMap:
    """The classes of a set of masks."""

    values: tuple[int, ...]
    """The raw value that stands for each class, ascending: class 0 first."""
    merged: Mapping[int, int]
    """Further raw values and the class value that each is taken for."""
    notes: tuple[str, ...] = ()
    """What the user should know of the merging."""

    def classes(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """(H, W, 1) raw values to class indices, uint8.

        Raises:
            UserError: A value is not one of the map.
        """
        known = sorted({*self.values, *self.merged})
        place = np.searchsorted(known, mask).clip(0, len(known) - 1)
        if not np.array_equal(np.array(known)[place], mask):
            strange = sorted(set(np.unique(mask).tolist()) - set(known))[:5]
            raise UserError(
                f"The mask holds {_listed(strange)}, but the classes are {_listed(self.values)}; relabel it."
            )
        index = [self.values.index(self.merged.get(value, value)) for value in known]
        classes: NDArray[np.uint8] = np.array(index, np.uint8)[place]
        return classes

    def shares(self, counts: Sequence[Counts]) -> tuple[float, ...]:
        """Fraction of all pixels of each class, from the counts of masks."""
        pixels = dict.fromkeys(self.values, 0)
        for count in counts:
            for value, number in count.items():
                pixels[self.merged.get(value, value)] += number
        total = sum(pixels.values())
        return tuple(number / total for number in pixels.values())


def count_labels(mask: Micrograph) -> dict[int, int]:
    """Pixels by raw value of one mask, grey or grey with alpha.

    Raises:
        UserError: It is coloured, or its values are no labels.
    """
    grey = to_grey(mask)
    if grey.channels != 1:
        raise UserError(f"{mask.source}: a coloured mask; export it as one grey channel with one value a class.")
    values, counts = np.unique(grey.pixels, return_counts=True)
    if len(values) > MOST_CLASSES:
        raise UserError(
            f"{mask.source}: {len(values)} different values, where a label map has {MOST_CLASSES} at most: it was "
            "smoothed, or saved as JPEG. Export the labels again as PNG or TIFF without anti-aliasing."
        )
    if values[0] < 0 or values[-1] > _HIGHEST or not np.array_equal(values, np.rint(values)):
        raise UserError(f"{mask.source}: labels are whole numbers from 0 to {_HIGHEST}; export the mask again as such.")
    return {int(value): int(count) for value, count in zip(values, counts, strict=True)}


def same_field(mask: NDArray[Any], shape: tuple[int, ...], databar_rows: int, source: str) -> NDArray[Any]:
    """(H, W, 1) mask cut to the rows that its image of `shape` kept; any other difference in size is an error."""
    if mask.shape[0] == shape[0] + databar_rows:
        mask = mask[: shape[0]]
    if mask.shape[:2] != shape[:2]:
        raise UserError(
            f"{source}: mask of {mask.shape[1]} x {mask.shape[0]} pixels, image of {shape[1]} x {shape[0]}; "
            "export both at one size."
        )
    return mask


def find_labels(masks: Sequence[Counts]) -> LabelMap:
    """The classes of a set of masks by the counts of each.

    Values up to 15 are indices, each a class. Grey codes (0, 127, 255) are often not exact: a value on less than
    1/10000 of all pixels is a stray one and goes to the nearest class, and values that differ by 2 at most from a more
    frequent one, and no two of which are in one mask together, are one class of its name. Either is said in a note.

    Raises:
        UserError: Fewer than two classes, or more than 16.
    """
    total: dict[int, int] = {}
    for counts in masks:
        for value, number in counts.items():
            total[value] = total.get(value, 0) + number
    merged: dict[int, int] = {}
    notes: list[str] = []
    if max(total) >= MOST_CLASSES:
        strays = _strays(total)
        kept = sorted(set(total) - set(strays))
        twins = _twins(kept, masks, total)
        merged = twins | {value: twins.get(near, near) for value, near in strays.items()}
        notes = _notes(strays, twins, total)
    values = tuple(sorted(set(total) - set(merged)))
    if not 1 < len(values) <= MOST_CLASSES:
        raise UserError(
            f"The masks hold {len(values)} class(es) ({_listed(values[:5])} ...), where 2 to {MOST_CLASSES} can be "
            "learned: are these labels? Instance numbers, for one, must become classes first."
        )
    return LabelMap(values, merged, tuple(notes))


def _strays(total: Counts) -> dict[int, int]:
    """Values on too few pixels to be a class, with the nearest of the others."""
    least = _STRAY_SHARE * sum(total.values())
    kept = [value for value, number in total.items() if number >= least]
    return {value: min(kept, key=lambda other: (abs(other - value), other)) for value in total if total[value] < least}


def _twins(kept: Sequence[int], masks: Sequence[Counts], total: Counts) -> dict[int, int]:
    """Values that stand for the same class in different files, with the most frequent of them."""
    classes: dict[int, list[int]] = {}
    for value in sorted(kept, key=lambda value: (-total[value], value)):
        alike = [
            common
            for common, members in classes.items()
            if abs(common - value) <= _ALIKE
            and not any(value in counts and member in counts for counts in masks for member in members)
        ]
        classes.setdefault(min(alike, key=lambda common: abs(common - value), default=value), []).append(value)
    return {value: common for common, members in classes.items() for value in members if value != common}


def _notes(strays: Counts, twins: Counts, total: Counts) -> list[str]:
    notes = [
        f"Label {rare} is taken for {common}: they never stand in one mask together." for rare, common in twins.items()
    ]
    if strays:
        said = ", ".join(f"{value} ({total[value]} px) for {near}" for value, near in sorted(strays.items()))
        notes.append(f"Stray values in the masks are taken for the nearest label: {said}.")
    return notes


def _listed(values: Sequence[int]) -> str:
    return ", ".join(f"{value:g}" for value in values)
