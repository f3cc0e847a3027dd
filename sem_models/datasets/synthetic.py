"""Masked datasets with training images drawn from masks, in addition to the real images or in place of them."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sem_models.datasets.dataset import MANIFEST, Dataset, digest_of, open_dataset
from sem_models.datasets.manifest import Entry, Manifest, StoredArray
from sem_models.errors import FieldRef, UserError
from sem_models.images.intensity import UnitImage
from sem_models.images.io.partial import partial_folder
from sem_models.progress import Progress, silent

Draw = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Maps a (K, H, W) one-hot mask to a (1, H, W) image in unit intensity."""
Content = Literal["synthetic", "both"]
_MADE_BY = "synthesised_by"
_SYMMETRIES = 8


def is_synthetic(entry: Entry) -> bool:
    """Return whether the image was drawn by a model."""
    return drawn_by(entry) is not None


def drawn_by(entry: Entry) -> str | None:
    """Return the model that drew the image; None if an instrument recorded it."""
    made_by = entry.array("image").metadata.get(_MADE_BY) if entry.has("image") else None
    return None if made_by is None else str(made_by)


def write_synthetic(
    source: Dataset,
    folder: Path,
    draw: Draw,
    made_by: str,
    content: Content,
    seed: int = 0,
    progress: Progress = silent,
) -> Dataset:
    """Write a dataset with one image drawn from each training mask of `source`; validation and test stay real.

    Each mask is flipped and turned before the image is drawn, because the model may remember the image of this very
    mask and return a copy. With `both`, the training split contains the real images as well.

    Args:
        source: A masked dataset.
        folder: Folder of the new dataset. If it already contains the same dataset, nothing is written.
        draw: Draws the image of a mask; called once for each mask.
        made_by: Name of the model, stored with every image.
        content: Content of the training split.
        seed: Seed for the flips and turns.
        progress: Called after each image.

    Raises:
        UserError: `folder` contains another dataset, or `source` has no masks.
    """
    if not source.manifest.layout.has_masks:
        kind = FieldRef("kind", "masked")
        raise UserError(f"Dataset {source.manifest.name!r} has no masks to draw from; prepare it with ", kind, ".")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = partial_folder(folder)
    try:
        entries = [_copied(source, entry, part) for entry in source.manifest.entries if _stays(entry, content)]
        train = source.entries("train")
        symmetries = np.random.default_rng(seed).integers(1, _SYMMETRIES, len(train))
        for index, (entry, symmetry) in enumerate(zip(train, symmetries.tolist(), strict=True)):
            entries.append(_drawn(source, entry, part, draw, made_by, symmetry))
            progress(index + 1, len(train), "images drawn")
        changes = {"name": folder.name, "entries": tuple(entries), "skipped": (), "seed": seed}
        return _finish(source.manifest.model_copy(update=changes), part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _stays(entry: Entry, content: Content) -> bool:
    return content == "both" or entry.split != "train"


def _copied(source: Dataset, entry: Entry, part: Path) -> Entry:
    for stored in entry.arrays:
        shutil.copyfile(source.folder / stored.file, part / stored.file)
    return entry


def _drawn(source: Dataset, entry: Entry, part: Path, draw: Draw, made_by: str, symmetry: int) -> Entry:
    mask = turned(np.array(source.array(entry, "mask")), symmetry)
    classes = np.arange(len(source.manifest.label_values), dtype=np.uint8)
    one_hot = (mask[..., 0] == classes[:, None, None]).astype(np.float32)
    image = np.rint(np.clip(draw(one_hot), 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    stored = (
        _save(part, entry.array("image"), image, (0.0, 255.0), {_MADE_BY: made_by, "symmetry": symmetry}),
        _save(part, entry.array("mask"), mask, (0.0, 1.0), {"symmetry": symmetry}),
    )
    return entry.model_copy(update={"name": f"synthetic-{entry.name}", "arrays": stored})


def _save(
    part: Path, like: StoredArray, pixels: NDArray[np.uint8], limits: tuple[float, float], facts: dict[str, str | int]
) -> StoredArray:
    file = f"synthetic-{like.file}"
    np.save(part / file, np.ascontiguousarray(pixels), allow_pickle=False)
    changes = {
        "file": file, "source": f"synthetic-{like.source}", "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
        "shape": pixels.shape, "dtype": "uint8", "intensity": limits, "metadata": facts,
        "databar_rows": 0, "databar_found_by": "none",
    }  # fmt: skip
    return StoredArray.model_validate({**like.model_dump(), **changes})


def turned(pixels: NDArray[np.uint8], symmetry: int) -> NDArray[np.uint8]:
    """Apply one of the eight symmetries of a square to (H, W, C) pixels.

    Symmetries 0 to 3 are that number of quarter turns; 4 to 7 flip the image first.
    """
    flipped = pixels[:, ::-1] if symmetry >= 4 else pixels
    return np.ascontiguousarray(np.rot90(flipped, symmetry % 4))


def _finish(manifest: Manifest, part: Path, folder: Path) -> Dataset:
    if (folder / MANIFEST).exists():
        existing = open_dataset(folder)
        if existing.digest == digest_of(manifest):
            return existing
        raise UserError(f"A dataset {folder.name!r} with other content already exists; delete {folder} first.")
    (part / MANIFEST).write_text(json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n")
    part.chmod(0o755)
    part.rename(folder)
    return Dataset(folder, manifest)


_ROUNDING = 1.5 / 255
"""Tolerance: stored images are rounded to 256 grey levels, and devices round differently."""


class KnownDrawings:
    """Draws images as `draw` does, but reuses images that the same run has already drawn for other datasets.

    If training of the run was continued, its weights changed under the same name. The first known mask is therefore
    drawn again and compared; if the images differ, none are reused.
    """

    def __init__(self, draw: Draw, folders: Sequence[Path], made_by: str) -> None:
        """Search the existing ones of `folders` for images drawn by `made_by`."""
        self._draw = draw
        self._known = {key: place for folder in folders for key, place in _drawings(folder, made_by)}
        self._trusted = False

    def __call__(self, one_hot: NDArray[np.float32]) -> UnitImage:
        """Map a (K, H, W) one-hot mask to a (1, H, W) image in unit intensity."""
        place = self._known.get(_key(one_hot))
        if place is None:
            return self._draw(one_hot)
        stored: UnitImage = np.load(place, allow_pickle=False).transpose(2, 0, 1).astype(np.float32) / 255
        if self._trusted:
            return stored
        drawn = self._draw(one_hot)
        self._trusted = drawn.shape == stored.shape and bool(np.abs(drawn.clip(0, 1) - stored).max() < _ROUNDING)
        if self._trusted:
            return stored
        self._known.clear()
        return drawn


def _drawings(folder: Path, made_by: str) -> Iterator[tuple[bytes, Path]]:
    """Return the key of the mask and the file of each image that `made_by` has drawn."""
    if not (folder / MANIFEST).is_file():
        return
    dataset: Dataset = open_dataset(folder)
    for entry in dataset.manifest.entries:
        if drawn_by(entry) == made_by:
            yield _key(dataset.one_hot(entry)), folder / entry.array("image").file


def _key(one_hot: NDArray[np.float32]) -> bytes:
    return hashlib.sha256(str(one_hot.shape).encode() + np.ascontiguousarray(one_hot).tobytes()).digest()
