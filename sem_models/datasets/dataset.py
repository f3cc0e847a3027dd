"""A prepared dataset: its manifest and its arrays, memory-mapped."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry, Manifest, Split
from sem_models.errors import UserError
from sem_models.images.intensity import IntensityRange
from sem_models.images.stack import stack_to_unit
from sem_models.names import one_folder, quoted

MANIFEST = "manifest.json"
_EARLY_FACTS = (
    "detector",
    "instrument",
    "magnification",
    "provenance",
    "replaced_pixels",
    "symmetry",
    "synthesised_by",
    "voltage_kv",
    "working_distance_mm",
)
"""Facts that enter the digest. Those that newer readers also find do not, so that older digests stay valid."""
_LATER = ("parts", "resampled", "warp", "label_values", "test_groups", "target_group_by", "group_by_name")
"""Fields that older manifests lack. If they are empty they do not enter the digest."""


@dataclass(frozen=True)
class Dataset:
    """A prepared dataset: a folder with `manifest.json` and one `.npy` file per array."""

    folder: Path
    manifest: Manifest

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content. It is equal if the same files are prepared in the same way, anywhere and any time."""
        return digest_of(self.manifest)

    def entries(self, split: Split) -> tuple[Entry, ...]:
        """Return the samples of one split."""
        return tuple(entry for entry in self.manifest.entries if entry.split == split)

    def array(self, entry: Entry, role: Role) -> NDArray[Any]:
        """Return the image as (H, W, C) in its native dtype, memory-mapped and read-only."""
        mapped: NDArray[Any] = np.load(self.folder / entry.array(role).file, mmap_mode="r", allow_pickle=False)
        return mapped

    def unit(self, entry: Entry, role: Role) -> NDArray[np.float32]:
        """Return the image as (C, H, W) float32, scaled by the stored intensity limits to nominally [0, 1]."""
        stored = entry.array(role)
        limits = [IntensityRange(*own) for own in stored.part_intensities]
        pixels = stack_to_unit(self.array(entry, role), stored.part_channels, limits)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def one_hot(self, entry: Entry) -> NDArray[np.float32]:
        """Return the mask as (K, H, W) float32: 1 in the channel of each pixel's class, 0 in the others."""
        classes = np.arange(len(self.manifest.label_values), dtype=np.uint8)
        channels: NDArray[np.float32] = (self.array(entry, "mask")[..., 0] == classes[:, None, None]).astype(np.float32)
        return channels

    @property
    def sharp_role(self) -> Role:
        """The role of the image that a restoration learns to return, for example `target` in a paired dataset."""
        return self.manifest.layout.sharp_role


def digest_of(manifest: Manifest) -> str:
    """Compute the SHA-256 of the canonical JSON of a manifest, without its name and its list of unusable files."""
    content = manifest.model_dump(mode="json", exclude={"name", "skipped"})
    for entry in content["entries"]:
        # Measurements are not content.
        del entry["residual"], entry["residual_before"]
        for stored in entry["arrays"]:
            stored["metadata"] = {key: value for key, value in stored["metadata"].items() if key in _EARLY_FACTS}
    return hashlib.sha256(json.dumps(_without_absent(content), sort_keys=True).encode()).hexdigest()


def _without_absent(content: Any) -> Any:
    if isinstance(content, list):
        return [_without_absent(part) for part in content]
    if not isinstance(content, dict):
        return content
    return {key: _without_absent(part) for key, part in content.items() if part or key not in _LATER}


def open_dataset(folder: Path) -> Dataset:
    """Open a prepared dataset.

    Raises:
        UserError: There is no dataset, its manifest cannot be read, or arrays are missing or have the wrong shape.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise UserError(f"There is no dataset {folder.name!r} in {folder.parent}; prepare it first.")
    try:
        manifest = Manifest.model_validate_json(path.read_text())
    except (ValidationError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{path}: the manifest cannot be read ({reason}); delete the folder and prepare it again."
        ) from error
    dataset = Dataset(folder, manifest)
    _check_name(dataset)
    _check_arrays(dataset)
    return dataset


def _check_name(dataset: Dataset) -> None:
    """Refuse a name that would lead reports and drawn datasets, which are called by it, out of their folder."""
    try:
        one_folder(dataset.manifest.name)
    except ValueError as error:
        name = quoted(dataset.manifest.name)
        raise UserError(f"{dataset.folder / MANIFEST}: the name {name} {error}; prepare the dataset again.") from error


def _check_arrays(dataset: Dataset) -> None:
    for entry in dataset.manifest.entries:
        for stored in entry.arrays:
            path = dataset.folder / stored.file
            if not path.resolve().is_relative_to(dataset.folder.resolve()):
                raise UserError(f"{dataset.folder.name}: {stored.file} is out of the dataset folder; prepare it again.")
            try:
                array = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise UserError(f"{path}: missing or damaged; delete the dataset and prepare it again.") from error
            if array.shape != stored.shape or str(array.dtype) != stored.dtype:
                raise UserError(f"{path}: shape or data type differ from the manifest; prepare the dataset again.")
