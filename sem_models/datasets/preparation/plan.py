"""The plan of a preparation, made before anything is cut or written."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sem_models.datasets.labels import LabelMap, count_labels, find_labels
from sem_models.datasets.preparation.aligned_pairs import AlignedPair, align_pairs, registration_notes, without_rejected
from sem_models.datasets.preparation.domain_splits import split_domains
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.resampling import plan_resampling, stated_pixel_size
from sem_models.datasets.preparation.sources import Candidate, LeftOut, candidates
from sem_models.datasets.preparation.stacking import stacked
from sem_models.datasets.splits.grouping import assign_splits, group_of, guess_group_pattern
from sem_models.errors import Message, UserError
from sem_models.images.channels import to_grey
from sem_models.images.databar import DataBar, find_databar
from sem_models.images.io.read import file_sha256, read_pages
from sem_models.images.micrograph import Micrograph
from sem_models.images.units import to_nm
from sem_models.progress import Progress, silent


@dataclass(frozen=True)
class Plan:
    """The plan of a preparation, to be shown to the user and then carried out."""

    options: PrepareOptions
    group_by: str
    images: tuple[PlannedImage, ...]
    skipped: tuple[LeftOut, ...]
    notes: tuple[Message, ...] = ()
    """Notes for the user to check before writing."""
    pairs: tuple[AlignedPair, ...] = ()
    """All pairs, including those that were rejected."""
    labels: LabelMap | None = None
    """The classes of a masked dataset."""
    target_group_by: str | None = None
    """Group pattern of the second domain of an unpaired dataset, if it differs from `group_by`."""

    def pair(self, sample: str) -> AlignedPair | None:
        """Return the pair of a sample; None if the sample is not a pair."""
        return next((pair for pair in self.pairs if pair.input.sample == sample), None)


def plan_dataset(options: PrepareOptions, progress: Progress = silent) -> Plan:
    """Plan a dataset: read every file, find data bars and pixel sizes, register pairs, then assign groups and splits.

    Raises:
        UserError: No usable image was found, options contradict each other, or there are too few groups for the splits.
    """
    found, skipped, notes = candidates(options)
    images: list[PlannedImage] = []
    for index, candidate in enumerate(found):
        try:
            images += _plan_file(candidate, options)
        except UserError as error:
            skipped.append(LeftOut(candidate.path.name, error.message))
        progress(index + 1, len(found), "files read")
    images, incomplete = _complete_samples(images, options)
    images = stacked(images)
    if not images:
        reasons = [part for item in (skipped + incomplete)[:3] for part in ("; ", item.reason)][1:]
        raise UserError(f"No usable image in {', '.join(map(str, options.raw))}. ", *reasons)
    notes = (*notes, *map(Message, plan_resampling(images, options)))
    notes += tuple(Message(f"{image.source}: {image.scale_warning}.") for image in images if image.scale_warning)
    pairs = align_pairs(images, options, progress)
    images, rejected = without_rejected(images, pairs)
    notes += registration_notes(pairs, options)
    if options.layout.is_unpaired:
        return _of_domains(options, images, (*skipped, *incomplete), notes)
    pattern = options.group_by or guess_group_pattern([image.sample for image in images])
    labels = (
        find_labels([image.labels for image in images if image.role == "mask"]) if options.layout.has_masks else None
    )
    notes += tuple(map(Message, labels.notes)) if labels else ()
    planned = _with_splits(images, pattern, options)
    return Plan(options, pattern, planned, (*skipped, *incomplete, *rejected), notes, tuple(pairs), labels)


def _of_domains(
    options: PrepareOptions, images: list[PlannedImage], lost: tuple[LeftOut, ...], notes: tuple[Message, ...]
) -> Plan:
    found = split_domains(images, options)
    return Plan(
        options,
        found.group_by,
        found.images,
        lost,
        (*notes, *map(Message, found.notes)),
        target_group_by=found.target_group_by,
    )


def _plan_file(candidate: Candidate, options: PrepareOptions) -> Iterator[PlannedImage]:
    sha256 = file_sha256(candidate.path)
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
            pixel_size_nm=stated_pixel_size(options, candidate.role) or pixel_size_nm(candidate.path, micrograph),
            scale_warning="" if stated_pixel_size(options, candidate.role) else micrograph.scale_warning,
            sha256=sha256,
            labels=count_labels(micrograph) if candidate.role == "mask" else {},
            part=candidate.part,
        )


def _complete_samples(images: list[PlannedImage], options: PrepareOptions) -> tuple[list[PlannedImage], list[LeftOut]]:
    """Leave out samples of which a file could not be used."""
    needed = options.layout.images_per_sample + len(options.extra_inputs)
    count: dict[str, int] = {}
    for image in images:
        count[image.sample] = count.get(image.sample, 0) + 1
    whole = [image for image in images if count[image.sample] >= needed]
    lost = [image for image in images if count[image.sample] < needed]
    return whole, [LeftOut(i.source, Message(f"{i.source}: its partner could not be used.")) for i in lost]


def _with_splits(images: list[PlannedImage], pattern: str, options: PrepareOptions) -> tuple[PlannedImage, ...]:
    grouped = [replace(image, group=group_of(image.sample, pattern)) for image in images]
    samples = {image.sample: image.group for image in grouped}
    splits = assign_splits(list(samples.values()), options.seed, options.test_groups)
    return tuple(replace(image, split=splits[image.group]) for image in grouped)


def class_shares(plan: Plan) -> dict[int, float]:
    """Return the fraction of all mask pixels for the raw value of each class; empty if there are no masks."""
    if plan.labels is None:
        return {}
    shares = plan.labels.shares([image.labels for image in plan.images if image.role == "mask"])
    return dict(zip(plan.labels.values, shares, strict=True))


def class_lines(plan: Plan) -> list[str]:
    """Describe each class in one line for the user."""
    shares = class_shares(plan).items()
    return [f"Class {index}: label {value}, {share:.2%} of the masks" for index, (value, share) in enumerate(shares)]


def pixel_size_nm(path: Path, micrograph: Micrograph) -> float | None:
    """Return the pixel size in nm from the image file, else from its BIDS side-car (`PixelSize`, `PixelSizeUnits`)."""
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
    """Return the BIDS side-cars of an image: JSON files beside it whose name parts all occur in its own name."""
    parts = set(path.stem.split("_"))
    fitting = [place for place in path.parent.glob("*.json") if set(place.stem.split("_")) <= parts]
    return sorted(fitting, key=lambda place: -len(place.stem.split("_")))
