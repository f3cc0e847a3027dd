"""Intensity limits that all images of a role share, measured on its training images."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry, StoredArray
from sem_models.images.intensity import pooled_range

_Pool = tuple[Role, str, tuple[int, ...]]
"""Arrays that share limits: role, data type, and the number of channels from each file."""
_Limits = tuple[tuple[float, float], ...]


def with_pooled_limits(entries: Sequence[Entry], folder: Path) -> tuple[Entry, ...]:
    """Return the entries with one pair of intensity limits for each role, data type and file of a stack.

    Grey levels are comparable within a role only if no image is scaled by itself: the limits are robust percentiles
    over the pixels of all training images. Arrays whose type no training image has keep their own limits.

    Args:
        entries: Entries with limits of each image alone.
        folder: Folder of their arrays.
    """
    pools: dict[_Pool, list[StoredArray]] = defaultdict(list)
    for entry in entries:
        if entry.split == "train":
            for stored in entry.arrays:
                pools[_pool_of(stored)].append(stored)
    limits = {pool: _pooled(arrays, folder) for pool, arrays in pools.items() if pool[0] != "mask"}
    return tuple(
        entry.model_copy(update={"arrays": tuple(_limited(stored, limits) for stored in entry.arrays)})
        for entry in entries
    )


def _pool_of(stored: StoredArray) -> _Pool:
    return stored.role, stored.dtype, stored.part_channels


def _pooled(arrays: Sequence[StoredArray], folder: Path) -> _Limits:
    if arrays[0].dtype == "uint8":
        return arrays[0].part_intensities
    parts = zip(*(_parts(stored, folder) for stored in arrays), strict=True)
    found = [pooled_range(images) for images in parts]
    return tuple((limits.lo, limits.hi) for limits in found)


def _parts(stored: StoredArray, folder: Path) -> list[NDArray[Any]]:
    """Return (H, W, C) of each file of the stack, memory-mapped."""
    pixels = np.load(folder / stored.file, mmap_mode="r", allow_pickle=False)
    return np.split(pixels, np.cumsum(stored.part_channels)[:-1], axis=2) if stored.parts else [pixels]


def _limited(stored: StoredArray, limits: dict[_Pool, _Limits]) -> StoredArray:
    own = limits.get(_pool_of(stored))
    if own is None:
        return stored
    parts = tuple(part.model_copy(update={"intensity": pair}) for part, pair in zip(stored.parts, own, strict=False))
    return stored.model_copy(update={"intensity": own[0], "parts": parts})
