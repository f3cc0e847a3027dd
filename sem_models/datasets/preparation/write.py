"""Writing a planned dataset to disk. An incomplete dataset is never left behind."""

import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.datasets.dataset import MANIFEST, Dataset, digest_of, open_dataset
from sem_models.datasets.labels import same_field
from sem_models.datasets.manifest import Entry, Manifest, Skipped, StoredArray
from sem_models.datasets.preparation.aligned_pairs import AlignedPair
from sem_models.datasets.preparation.corrections import corrections_table
from sem_models.datasets.preparation.pair_pixels import one_size
from sem_models.datasets.preparation.plan import Plan
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.pooling import with_pooled_limits
from sem_models.datasets.preparation.resampling import resample_cuts
from sem_models.datasets.preparation.stacking import cut_file, described_parts
from sem_models.datasets.registration.alignment import Alignment, align
from sem_models.errors import FieldRef, UserError
from sem_models.images.intensity import IntensityRange, intensity_range
from sem_models.images.io.partial import partial_folder
from sem_models.progress import Progress, silent

CORRECTIONS = "corrections.csv"
"""The corrections of the user, which a later preparation can read again."""
Cut = tuple[PlannedImage, NDArray[Any], dict[str, Any]]


def write_dataset(
    plan: Plan, folder: Path, progress: Progress = silent, complete: Callable[[Path], None] = lambda _: None
) -> Dataset:
    """Cut off data bars, align pairs as planned, and write arrays and manifest to `folder`.

    Args:
        plan: What is written.
        folder: Where the dataset appears once it is complete.
        progress: Is told how many samples are written.
        complete: Is given the folder before it gets its name, to put in what everybody must find who finds the dataset.

    Raises:
        UserError: The same image is in two splits, a pair differs in size, or `folder` contains another dataset.
    """
    # Equal masks are legitimate: those of empty fields are.
    shown = [image for image in plan.images if image.role != "mask"]
    files = [(file, image) for image in shown for file in image.parts or (image,)]
    _refuse_duplicates([(file.sha256 + str(file.page), image) for file, image in files])
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = partial_folder(folder)
    try:
        manifest = _write_parts(plan, part, progress)
        complete(part)
        if (folder / MANIFEST).exists() or not _named(part, folder):
            return _same_or_refuse(folder, manifest)
        return Dataset(folder, manifest)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _named(part: Path, folder: Path) -> bool:
    """Give a complete dataset its name; return false where another has got that name meanwhile."""
    part.chmod(0o755)
    try:
        part.rename(folder)
    except OSError:
        if (folder / MANIFEST).exists():
            return False
        raise
    return True


def _write_parts(plan: Plan, part: Path, progress: Progress) -> Manifest:
    samples: dict[str, list[PlannedImage]] = defaultdict(list)
    for image in plan.images:
        samples[image.sample].append(image)
    entries: list[Entry] = []
    seen: list[tuple[str, PlannedImage]] = []
    for index, name in enumerate(sorted(samples)):
        cuts = [_cut(image) for image in samples[name]]
        seen += [
            (hashlib.sha256(pixels.tobytes()).hexdigest(), image) for image, pixels, _ in cuts if image.role != "mask"
        ]
        entries.append(_write_entry(plan, part, index, name, cuts))
        progress(index + 1, len(samples), "samples written")
    _refuse_duplicates(seen)
    manifest = Manifest(
        name=plan.options.name,
        kind=plan.options.kind,
        group_by=plan.group_by,
        target_group_by=plan.target_group_by,
        seed=plan.options.seed,
        test_groups=plan.options.test_groups,
        entries=with_pooled_limits(entries, part),
        skipped=tuple(Skipped(source=item.source, reason=str(item.reason)) for item in plan.skipped),
        label_values=plan.labels.values if plan.labels else (),
    )
    if plan.options.corrections:
        (part / CORRECTIONS).write_text(corrections_table(plan.options.corrections))
    (part / MANIFEST).write_text(json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n")
    return manifest


def _cut(image: PlannedImage) -> Cut:
    micrograph = cut_file(image)
    facts = {key: value for key, value in micrograph.metadata.items() if key != "image_rows"}
    # This key is older than the history of a micrograph, and digests depend on it.
    provenance = micrograph.provenance or facts.pop("description", "")
    return image, micrograph.pixels, {**facts, "provenance": provenance} if provenance else facts


def _write_entry(plan: Plan, part: Path, index: int, name: str, cuts: list[Cut]) -> Entry:
    pair = plan.pair(name)
    found = pair.alignment if pair else None
    if plan.options.layout.has_masks:
        cuts = _with_classes(plan, cuts)
    cuts = registered_cuts(cuts, pair, plan.options.resample_nm)
    stored = tuple(_store(part, f"{index:04d}-{image.role}.npy", image, pixels, facts) for image, pixels, facts in cuts)
    first = cuts[0][0]
    facts = found.facts() if found else {}
    return Entry(
        name=name, group=first.group, split=first.split, arrays=stored, group_by_name=first.group_by_name, **facts
    )


def _store(part: Path, file: str, image: PlannedImage, pixels: NDArray[Any], facts: dict[str, Any]) -> StoredArray:
    np.save(part / file, np.ascontiguousarray(pixels), allow_pickle=False)
    parts = described_parts(image, pixels)
    if image.role == "mask":
        limits = IntensityRange(0.0, 1.0)
    else:
        limits = intensity_range(pixels[..., : parts[0].channels] if parts else pixels)
    return StoredArray(
        role=image.role,
        file=file,
        source=image.source,
        sha256=image.sha256,
        shape=pixels.shape,
        dtype=str(pixels.dtype),
        pixel_size_nm=image.pixel_size_nm,
        databar_rows=image.databar.rows,
        databar_found_by=image.databar.found_by,
        intensity=(limits.lo, limits.hi),
        metadata=facts,
        parts=parts,
        resampled=image.resampled,
    )


def _with_classes(plan: Plan, cuts: list[Cut]) -> list[Cut]:
    """Cut the mask to the rows that its image keeps, and convert its raw values to class indices."""
    (image, pixels, facts), (mask, labels, more) = cuts
    labels = same_field(labels, pixels.shape, image.databar.rows, mask.source)
    return [(image, pixels, facts), (mask, plan.labels.classes(labels) if plan.labels else labels, more)]


def _refuse_duplicates(seen: list[tuple[str, PlannedImage]]) -> None:
    first: dict[str, PlannedImage] = {}
    for key, image in seen:
        other = first.setdefault(key, image)
        if other.split != image.split and other.role == image.role:
            raise UserError(
                f"{other.source} and {image.source} are the same image in the {other.split} and {image.split} splits: "
                "scores would be worthless. Remove one of them, or put them into the same group with ",
                FieldRef("group_by"),
                ".",
            )


def _same_or_refuse(folder: Path, manifest: Manifest) -> Dataset:
    existing = open_dataset(folder)
    if existing.digest == digest_of(manifest):
        return existing
    raise UserError(
        f"A dataset {folder.name!r} with other content already exists; choose another ",
        FieldRef("name"),
        f", or delete {folder} first.",
    )


def registered_cuts(cuts: list[Cut], pair: AlignedPair | None, resample_nm: float | None) -> list[Cut]:
    """Register and resample the arrays of one sample, each (H, W, C) in its own data type and with its facts.

    Args:
        cuts: Images of the sample without data bars; for a pair, input and target.
        pair: How the pair is registered; None if the sample is not a pair.
        resample_nm: Pixel size of the dataset; None: that of the files.
    """
    if pair and pair.resample_nm:
        cuts, resample_nm = _of_one_size(resample_cuts(cuts, pair.resample_nm)), None
    if pair and pair.alignment:
        cuts = _aligned(cuts, pair.alignment)
    # Otherwise the alignment was found in the pixels of the files and had to be applied before resampling.
    return resample_cuts(cuts, resample_nm)


def _of_one_size(cuts: list[Cut]) -> list[Cut]:
    (image, first, facts), (other, second, more) = cuts
    first, second = one_size(first, second)
    return [(image, first, facts), (other, second, more)]


def _aligned(cuts: list[Cut], found: Alignment) -> list[Cut]:
    """Align a pair. The pixel size of a warped input follows from that of its target."""
    (image, first, facts), (other, second, more) = cuts
    first, second = align(first, second, found)
    if found.warp and other.pixel_size_nm:
        image = replace(image, pixel_size_nm=found.scale * other.pixel_size_nm)
    return [(image, first, facts), (other, second, more)]
