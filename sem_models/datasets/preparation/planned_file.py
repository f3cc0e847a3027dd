"""Reading of one raw file for a plan: its pages, their data bars, pixel sizes, hashes and fingerprints."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sem_models.datasets.kinds import Role
from sem_models.datasets.labels import count_labels
from sem_models.datasets.preparation.corrections import Corrections
from sem_models.datasets.preparation.known_pages import pages_from_bytes, pages_to_bytes
from sem_models.datasets.preparation.memory import NO_MEMORY, Memory, key_of, state_of
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.picture import small_picture
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.resampling import stated_pixel_size
from sem_models.datasets.preparation.sources import Candidate
from sem_models.datasets.preparation.stacking import half_of
from sem_models.datasets.preparation.suspected_masks import grey_levels_of_a_mask
from sem_models.datasets.splits.fingerprint import fingerprint
from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.databar import DataBar, crop_databar, find_databar
from sem_models.images.io.read import file_sha256, read_pages
from sem_models.images.micrograph import Micrograph
from sem_models.images.units import to_nm

_BIDS_ROOT = "dataset_description.json"
_LEVELS = 5
"""Folders from an image to the root of its dataset: `micr`, session, subject, root, and one to spare."""


@dataclass
class FileReader:
    """Reads raw files. What the memory knows, and a copy of a file that was read before, is not read again."""

    options: PrepareOptions
    memory: Memory = NO_MEMORY
    _known: dict[tuple[str, Role, str], list[PlannedImage]] = field(default_factory=dict)

    def read(self, candidate: Candidate) -> list[PlannedImage]:
        """Return what the plan needs to know of each page of a file; groups and splits are not set yet.

        Raises:
            UserError: The file cannot be read.
        """
        bars = self._stated_bars(candidate)
        try:
            key = key_of("pages", state_of(candidate.path), candidate.role == "mask", candidate.half, bars)
        except OSError as error:
            raise UserError(f"{candidate.path}: the file cannot be read ({error}); check its place.") from error
        kept = self.memory.recall(key)
        pages = pages_from_bytes(kept, candidate) if kept is not None else None
        if pages is None:
            pages = self._read(candidate, bars)
            self.memory.keep(key, pages_to_bytes(pages))
        return [self._named(image, candidate) for image in pages]

    def _read(self, candidate: Candidate, bars: str) -> list[PlannedImage]:
        sha256 = file_sha256(candidate.path)
        known = (sha256, candidate.role, f"{candidate.half} {bars}")
        if known not in self._known:
            pages = enumerate(read_pages(candidate.path))
            self._known[known] = [self._page(candidate, page, micrograph, sha256) for page, micrograph in pages]
        path = candidate.path
        return [
            replace(image, path=path, source=path.name + image.source.removeprefix(image.path.name))
            for image in self._known[known]
        ]

    def _stated_bars(self, candidate: Candidate) -> str:
        """Name the data bars that the user states for a file, on which what is found in it depends."""
        of_pages = [
            (own.image.removeprefix(candidate.name), own.databar_rows)
            for own in self.options.corrections
            if own.databar_rows is not None
            and own.role in (None, candidate.role)
            and (own.image == candidate.name or own.image.startswith(f"{candidate.name}#"))
        ]
        return "" if candidate.role == "mask" else f"{self.options.databar_rows} {sorted(of_pages)}"

    def _page(self, candidate: Candidate, page: int, micrograph: Micrograph, sha256: str) -> PlannedImage:
        grey = half_of(to_grey(micrograph), candidate.half)
        is_mask = candidate.role == "mask"
        shown = candidate.name + micrograph.source.removeprefix(candidate.path.name)
        corrected = Corrections(self.options.corrections).bar_rows(shown, candidate.role)
        rows = self.options.databar_rows if corrected is None else corrected
        bar = DataBar(0, "none") if is_mask else find_databar(grey, rows)
        content = hashlib.sha256(f"{grey.pixels.shape} {grey.pixels.dtype}".encode() + grey.pixels.tobytes())
        return PlannedImage(
            path=candidate.path,
            page=page,
            source=micrograph.source,
            role=candidate.role,
            sample=candidate.sample,
            group="",
            split="train",
            databar=bar,
            shape=(grey.height, grey.width, grey.channels),
            dtype=str(grey.pixels.dtype),
            pixel_size_nm=micrograph.pixel_size_nm,
            scale_warning=micrograph.scale_warning,
            sha256=sha256,
            content=content.hexdigest(),
            fingerprint=None if is_mask else fingerprint(crop_databar(grey, bar).pixels),
            picture=small_picture(grey.pixels, labels=is_mask),
            mask_levels=None if is_mask else grey_levels_of_a_mask(crop_databar(grey, bar).pixels),
            labels=count_labels(micrograph) if is_mask else {},
        )

    def _named(self, image: PlannedImage, candidate: Candidate) -> PlannedImage:
        """Return the page as one of this file: equal bytes may have another name and another side-car."""
        source = candidate.name + image.source.removeprefix(image.path.name)
        stated = stated_pixel_size(self.options, candidate.role)
        return replace(
            image,
            path=candidate.path,
            source=source,
            sample=f"{candidate.sample}#{image.page}" if "#" in source else candidate.sample,
            part=candidate.part,
            half=candidate.half,
            stated_split=candidate.split,
            category=candidate.category,
            pixel_size_nm=stated or image.pixel_size_nm or side_car_pixel_size_nm(candidate.path),
            scale_warning="" if stated else image.scale_warning,
        )


def side_car_pixel_size_nm(path: Path) -> float | None:
    """Return the pixel size in nm from the BIDS side-car of an image (`PixelSize`, `PixelSizeUnits`)."""
    for side_car in _side_cars(path):
        try:
            facts: Mapping[str, object] = json.loads(side_car.read_text())
            size = facts["PixelSize"]
            value = float(size[0] if isinstance(size, list) else size)  # type: ignore[arg-type]
            return to_nm(value, str(facts.get("PixelSizeUnits", "um")))
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue
    return None


def _side_cars(path: Path) -> list[Path]:
    """Return the BIDS side-cars of an image: JSON files whose name parts all occur in its own name.

    They lie beside it or, in a BIDS dataset, in a folder above it up to the root (inheritance principle); those with
    more parts go first.
    """
    parts = set(path.stem.split("_"))
    folders = [path.parent, *path.parent.parents][:_LEVELS]
    root = next((level for level, folder in enumerate(folders) if (folder / _BIDS_ROOT).is_file()), 0)
    inside = [place for folder in folders[: root + 1] for place in folder.glob("*.json")]
    fitting = [place for place in inside if set(place.stem.split("_")) <= parts]
    return sorted(fitting, key=lambda place: -len(place.stem.split("_")))
