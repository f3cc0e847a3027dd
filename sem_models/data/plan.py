"""What a preparation would do, before anything is cut or written."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sem_models.data.grouping import assign_splits, group_of, guess_group_pattern
from sem_models.data.manifest import Kind, Role, Skipped, Split
from sem_models.data.pairing import match_by_name
from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.databar import DataBar, find_databar
from sem_models.images.micrograph import Micrograph
from sem_models.images.read import read_pages, readable_suffixes
from sem_models.images.units import to_nm
from sem_models.progress import Progress, silent


@dataclass(frozen=True)
class PrepareOptions:
    """What the user asks for."""

    name: str
    raw: tuple[Path, ...]
    kind: Kind = "single"
    target: Path | None = None
    masks: Path | None = None
    group_by: str | None = None
    pixel_size_nm: float | None = None
    databar_rows: int | None = None
    """Rows for every image; None: metadata, else detection."""
    apply_shift: bool = False
    seed: int = 0


@dataclass(frozen=True)
class PlannedImage:
    """One page of one raw file and what would become of it."""

    path: Path
    page: int
    source: str
    role: Role
    sample: str
    """Images of one sample (a pair, an image and its mask) share it."""
    group: str
    split: Split
    databar: DataBar
    shape: tuple[int, int, int]
    dtype: str
    pixel_size_nm: float | None
    sha256: str


@dataclass(frozen=True)
class Plan:
    """The whole preparation, to be shown and then written."""

    options: PrepareOptions
    group_by: str
    images: tuple[PlannedImage, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...] = ()
    """What the user should look at before writing."""


@dataclass(frozen=True)
class _Candidate:
    path: Path
    role: Role
    sample: str


def plan_dataset(options: PrepareOptions, progress: Progress = silent) -> Plan:
    """Read every file once; find data bars, pixel sizes, groups and splits.

    Raises:
        UserError: Nothing usable was found, options contradict each other, or groups cannot fill three splits.
    """
    candidates, skipped, notes = _candidates(options)
    images: list[PlannedImage] = []
    for index, candidate in enumerate(candidates):
        try:
            images += _plan_file(candidate, options)
        except UserError as error:
            skipped.append(Skipped(source=candidate.path.name, reason=str(error)))
        progress(index + 1, len(candidates), "files read")
    images, incomplete = _complete_samples(images, options.kind)
    if not images:
        reasons = "; ".join(f"{item.reason}" for item in (skipped + incomplete)[:3])
        raise UserError(f"No usable image in {', '.join(map(str, options.raw))}. {reasons}".strip())
    pattern = options.group_by or guess_group_pattern([image.sample for image in images])
    return Plan(options, pattern, _with_splits(images, pattern, options.seed), (*skipped, *incomplete), notes)


def _candidates(options: PrepareOptions) -> tuple[list[_Candidate], list[Skipped], tuple[str, ...]]:
    raw = _files(options.raw)
    if options.kind == "single":
        return [_Candidate(path, "image", path.name) for path in raw], [], ()
    other = options.masks if options.kind == "masked" else options.target
    if other is None:
        raise UserError(f"Kind {options.kind} needs --{'masks' if options.kind == 'masked' else 'target'} FOLDER.")
    second = _files((other,))
    if options.kind == "unpaired":
        first_domain = [_Candidate(path, "input", path.name) for path in raw]
        return first_domain + [_Candidate(path, "target", path.name) for path in second], [], ()
    roles: tuple[Role, Role] = ("image", "mask") if options.kind == "masked" else ("input", "target")
    matching = match_by_name([path for path in raw if path not in set(second)], second)
    alone = [Skipped(source=path.name, reason=f"{path.name}: no partner of that name.") for path in matching.alone]
    pairs = [
        _Candidate(path, role, pair[0].name) for pair in matching.pairs for path, role in zip(pair, roles, strict=True)
    ]
    by_order = "No names agree: files were paired in the order of their names. Check each pair and its shift."
    return pairs, alone, (by_order,) if matching.by == "order" else ()


def _files(places: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += [p for p in place.rglob("*") if p.is_file() and p.suffix.lower() in readable_suffixes()]
        elif place.is_file():
            found.append(place)
        else:
            raise UserError(f"{place}: there is no such file or folder; check the path.")
    return sorted(set(found))


def _plan_file(candidate: _Candidate, options: PrepareOptions) -> Iterator[PlannedImage]:
    sha256 = hashlib.sha256(candidate.path.read_bytes()).hexdigest()
    for page, micrograph in enumerate(read_pages(candidate.path)):
        grey = to_grey(micrograph)
        bar = DataBar(0, "none") if candidate.role == "mask" else find_databar(grey, options.databar_rows)
        yield PlannedImage(
            path=candidate.path,
            page=page,
            source=micrograph.source,
            role=candidate.role,
            sample=f"{candidate.sample}#{page}" if "#" in micrograph.source else candidate.sample,
            group="",
            split="train",
            databar=bar,
            shape=(grey.height, grey.width, grey.channels),
            dtype=str(grey.pixels.dtype),
            pixel_size_nm=options.pixel_size_nm or pixel_size_nm(candidate.path, micrograph),
            sha256=sha256,
        )


def pixel_size_nm(path: Path, micrograph: Micrograph) -> float | None:
    """From the image file, else from a BIDS side-car (`PixelSize`, `PixelSizeUnits`) that is about this image."""
    if micrograph.pixel_size_nm:
        return micrograph.pixel_size_nm
    for side_car in _side_cars(path):
        try:
            facts = json.loads(side_car.read_text())
            size = facts["PixelSize"]
            value = float(size[0] if isinstance(size, list) else size)
            return to_nm(value, str(facts.get("PixelSizeUnits", "um")))
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue
    return None


def _side_cars(path: Path) -> list[Path]:
    """Inheritance of BIDS: a JSON file is about every image beside it whose name has all parts of its own name."""
    parts = set(path.stem.split("_"))
    fitting = [place for place in path.parent.glob("*.json") if set(place.stem.split("_")) <= parts]
    return sorted(fitting, key=lambda place: -len(place.stem.split("_")))


def _complete_samples(images: list[PlannedImage], kind: Kind) -> tuple[list[PlannedImage], list[Skipped]]:
    """Leave out samples that lost a member to a bad file."""
    needed = 2 if kind in ("paired", "masked") else 1
    count: dict[str, int] = {}
    for image in images:
        count[image.sample] = count.get(image.sample, 0) + 1
    whole = [image for image in images if count[image.sample] >= needed]
    lost = [image for image in images if count[image.sample] < needed]
    return whole, [Skipped(source=i.source, reason=f"{i.source}: its partner could not be used.") for i in lost]


def _with_splits(images: list[PlannedImage], pattern: str, seed: int) -> tuple[PlannedImage, ...]:
    grouped = [replace(image, group=group_of(image.sample, pattern)) for image in images]
    samples = {image.sample: image.group for image in grouped}
    splits = assign_splits(list(samples.values()), seed)
    return tuple(replace(image, split=splits[image.group]) for image in grouped)
