"""Images that a model has drawn before: the same weights draw the same image of the same mask."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sem_models.data.dataset import MANIFEST, Dataset, open_dataset
from sem_models.data.synthetic import Draw, drawn_by

Image = NDArray[np.float32]
_ROUNDING = 1.5 / 255
"""Stored images are rounded to 256 grey levels, and another device rounds otherwise."""


class KnownDrawings:
    """Draws as `draw` does, but takes what is there already from datasets that the same run has drawn.

    A run that was trained further has other weights under the same name. So the first mask that is known is drawn again
    and compared: where the images differ, nothing is taken.
    """

    def __init__(self, draw: Draw, folders: Sequence[Path], made_by: str) -> None:
        """Look into `folders`, those that are there, for what `made_by` has drawn."""
        self._draw = draw
        self._known = {key: place for folder in folders for key, place in _drawings(folder, made_by)}
        self._trusted = False

    def __call__(self, one_hot: NDArray[np.float32]) -> Image:
        """(K, H, W) mask to (1, H, W) unit intensity."""
        place = self._known.get(_key(one_hot))
        if place is None:
            return self._draw(one_hot)
        stored: Image = np.load(place, allow_pickle=False).transpose(2, 0, 1).astype(np.float32) / 255
        if self._trusted:
            return stored
        drawn = self._draw(one_hot)
        self._trusted = drawn.shape == stored.shape and bool(np.abs(drawn.clip(0, 1) - stored).max() < _ROUNDING)
        if self._trusted:
            return stored
        self._known.clear()
        return drawn


def _drawings(folder: Path, made_by: str) -> Iterator[tuple[bytes, Path]]:
    """The mask and the file of each image that `made_by` has drawn."""
    if not (folder / MANIFEST).is_file():
        return
    dataset: Dataset = open_dataset(folder)
    for entry in dataset.manifest.entries:
        if drawn_by(entry) == made_by:
            yield _key(dataset.one_hot(entry)), folder / entry.array("image").file


def _key(one_hot: NDArray[np.float32]) -> bytes:
    return hashlib.sha256(str(one_hot.shape).encode() + np.ascontiguousarray(one_hot).tobytes()).digest()
