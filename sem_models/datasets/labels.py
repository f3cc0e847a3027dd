"""Label maps: which raw grey values of masks are classes, and the conversion of masks to class indices.

Masks are never interpolated or pooled, because values between two labels have no meaning.
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
"""Number of pixels for each raw value."""


@dataclass(frozen=True)
class LabelMap:
    """The classes of a set of masks."""

    values: tuple[int, ...]
    """The raw value of each class in ascending order, class 0 first."""
    merged: Mapping[int, int]
    """Other raw values, each with the class value that it is merged into."""
    notes: tuple[str, ...] = ()
    """Notes for the user on merged values."""

    def classes(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Convert (H, W, 1) raw values to class indices, uint8.

        Raises:
            UserError: The mask contains a value that is not in the label map.
        """
        known = sorted({*self.values, *self.merged})
        place = np.searchsorted(known, mask).clip(0, len(known) - 1)
        if not np.array_equal(np.array(known)[place], mask):
            strange = sorted(set(np.unique(mask).tolist()) - set(known))[:5]
            raise UserError(
                f"The mask contains {_listed(strange)}, but the classes are {_listed(self.values)}; relabel it."
            )
        index = [self.values.index(self.merged.get(value, value)) for value in known]
        classes: NDArray[np.uint8] = np.array(index, np.uint8)[place]
        return classes

    def shares(self, counts: Sequence[Counts]) -> tuple[float, ...]:
        """Compute the fraction of all pixels that belongs to each class, from the counts of all masks."""
        pixels = dict.fromkeys(self.values, 0)
        for count in counts:
            for value, number in count.items():
                pixels[self.merged.get(value, value)] += number
        total = sum(pixels.values())
        return tuple(number / total for number in pixels.values())


def count_labels(mask: Micrograph) -> dict[int, int]:
    """Count the pixels of each raw value of a mask, which may have an alpha channel.

    Raises:
        UserError: The mask is in colour, or its values are not labels.
    """
    grey = to_grey(mask)
    if grey.channels != 1:
        raise UserError(
            f"{mask.source}: this is a coloured mask; export it as one grey channel with one value per class."
        )
    values, counts = np.unique(grey.pixels, return_counts=True)
    if len(values) > MOST_CLASSES:
        raise UserError(
            f"{mask.source}: the mask has {len(values)} different values, but a label map has at most {MOST_CLASSES}. "
            "It was probably smoothed or saved as JPEG; export the labels as PNG or TIFF without anti-aliasing."
        )
    if values[0] < 0 or values[-1] > _HIGHEST or not np.array_equal(values, np.rint(values)):
        raise UserError(f"{mask.source}: labels must be whole numbers from 0 to {_HIGHEST}; export the mask again.")
    return {int(value): int(count) for value, count in zip(values, counts, strict=True)}


def same_field(mask: NDArray[Any], shape: tuple[int, ...], databar_rows: int, source: str) -> NDArray[Any]:
    """Cut an (H, W, 1) mask to the rows that its image of `shape` has after removing the data bar.

    Raises:
        UserError: The sizes differ in any other way.
    """
    if mask.shape[0] == shape[0] + databar_rows:
        mask = mask[: shape[0]]
    if mask.shape[:2] != shape[:2]:
        raise UserError(
            f"{source}: the mask has {mask.shape[1]} x {mask.shape[0]} pixels, but its image has {shape[1]} x "
            f"{shape[0]}; export both with the same size."
        )
    return mask


def find_labels(masks: Sequence[Counts]) -> LabelMap:
    """Find the classes of a set of masks from the counts of each mask.

    If no value exceeds 15, each value is a class. Grey codes (0, 127, 255) are often inexact and are merged: a value on
    less than 1/10000 of all pixels is a stray value and joins the nearest class; a value that differs by at most 2 from
    a more frequent one joins that class, unless the two occur in the same mask. Notes tell the user about both.

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
            f"The masks have {len(values)} class(es) ({_listed(values[:5])} ...), but 2 to {MOST_CLASSES} are needed. "
            "Check that the values are class labels; instance numbers must be converted to classes first."
        )
    return LabelMap(values, merged, tuple(notes))


def _strays(total: Counts) -> dict[int, int]:
    """Return the values with too few pixels to be a class, each with the nearest of the other values."""
    least = _STRAY_SHARE * sum(total.values())
    kept = [value for value, number in total.items() if number >= least]
    return {value: min(kept, key=lambda other: (abs(other - value), other)) for value in total if total[value] < least}


def _twins(kept: Sequence[int], masks: Sequence[Counts], total: Counts) -> dict[int, int]:
    """Return values that denote the same class in different files, each with the most frequent of them."""
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
        f"Label {rare} was merged into label {common}: the two never occur in the same mask."
        for rare, common in twins.items()
    ]
    if strays:
        merged = ", ".join(f"{value} ({total[value]} px) into {near}" for value, near in sorted(strays.items()))
        notes.append(f"Stray values in the masks were merged into the nearest label: {merged}.")
    return notes


def _listed(values: Sequence[int]) -> str:
    return ", ".join(f"{value:g}" for value in values)
