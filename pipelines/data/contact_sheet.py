"""A plan as a contact sheet: small pictures with facts, in sections by split, group, common field or name."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.counts import counted, dtype_text
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Split
from sem_models.datasets.preparation.corrections import Correction, Corrections
from sem_models.datasets.preparation.plan import Plan
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.resampling import resampled_shape

Order = Literal["split", "group", "field", "name"]
SPLITS: dict[Split, str] = {"train": "Training", "val": "Validation", "test": "Test"}
LEFT_OUT = "left out"
_ALONE = "alone"
_ALL = "all"
_ROLES: tuple[Role, ...] = ("image", "input", "target", "mask")


@dataclass(frozen=True)
class Tile:
    """One image of a contact sheet."""

    id: str
    name: str
    picture: str
    """Address of the picture, which holds the picture itself (`data:`)."""
    bar: float
    """Share of the height that will be cut off at the bottom."""
    split: Split
    group: str
    facts: str
    marks: tuple[str, ...] = ()
    left_out: bool = False


@dataclass(frozen=True)
class Section:
    """Images under one heading."""

    key: str
    title: str
    note: str
    tiles: tuple[Tile, ...]
    takes: bool = False
    """Whether images can be dropped here."""


def image_id(image: PlannedImage) -> str:
    """Name an image of a plan by its role and source, which no other one shares."""
    return f"{image.role}|{image.source}"


def samples_text(plan: Plan, images: Iterable[PlannedImage]) -> str:
    """Count the samples that images belong to: `6 pairs`, or `6 images` with or without their masks."""
    layout = plan.options.layout
    samples = {(image.role if layout.is_unpaired else "", image.sample) for image in images}
    return counted(len(samples), "pair" if layout.is_paired else "image")


def images_by_id(plan: Plan) -> dict[str, PlannedImage]:
    """Return all images of a plan, also those that are left out by hand, in the order of their samples."""
    ordered = sorted((*plan.images, *plan.excluded), key=lambda image: (image.sample, _ROLES.index(image.role)))
    return {image_id(image): image for image in ordered}


def sections(plan: Plan, order: Order) -> list[Section]:
    """Arrange the images of a plan; those that are left out by hand come last."""
    out = {image_id(image) for image in plan.excluded}
    images, fields = images_by_id(plan), _fields(plan)
    tiles = {key: _tile(plan, image, key in out, fields) for key, image in images.items()}
    sheet = _Sheet(plan, {key: image for key, image in images.items() if key not in out}, tiles)
    arrange = {"split": sheet.by_split, "group": sheet.by_group, "field": sheet.by_field, "name": sheet.by_name}
    found = arrange[order]()
    if out:
        note = "not part of the dataset; drop images elsewhere to use them again"
        left = tuple(tiles[key] for key in images if key in out)
        found.append(Section(LEFT_OUT, "Left out by hand", note, left, takes=True))
    return found


def dropped(plan: Plan, order: Order, ids: Iterable[str], key: str) -> list[Correction]:
    """Return the corrections of images that were dropped into a section and are not there already."""
    images = images_by_id(plan)
    change: dict[str, object] = {"use": key != LEFT_OUT}
    if key != LEFT_OUT and order in ("split", "group"):
        change[order] = key
    moved = [images[one] for one in ids if images[one] in plan.excluded or getattr(images[one], order, None) != key]
    return [changed(plan.options.corrections, image, change) for image in moved]


def changed(corrections: Sequence[Correction], image: PlannedImage, change: Mapping[str, object]) -> Correction:
    """Return the correction of an image with some of its values replaced."""
    own = Corrections(tuple(corrections)).of(image)
    return Correction.model_validate({**own.model_dump(), "role": image.role, **change})


@dataclass(frozen=True)
class _Sheet:
    """The images of a plan that are used, and the tiles of all."""

    plan: Plan
    used: Mapping[str, PlannedImage]
    tiles: Mapping[str, Tile]

    def by_split(self) -> list[Section]:
        found = []
        for split, title in SPLITS.items():
            own = [key for key, image in self.used.items() if image.split == split]
            groups = {self.used[key].group for key in own}
            found.append(self._section(split, title, counted(len(groups), "group"), own))
        return found

    def by_group(self) -> list[Section]:
        members: dict[str, list[str]] = {}
        for key, image in self.used.items():
            members.setdefault(image.group, []).append(key)
        return [
            self._section(group, group, SPLITS[self.used[own[0]].split], own) for group, own in sorted(members.items())
        ]

    def by_field(self) -> list[Section]:
        found, shown = [], set()
        for number, one in enumerate(self.plan.duplicates.sets, start=1):
            own = [key for key, image in self.used.items() if image.source in one.sources and image.group == one.group]
            what = "equal pixels" if one.are_copies else "one field, wholly or in part"
            found.append(self._section(f"field-{number}", f"Field {number}", f"{what}, in group {one.group}", own))
            shown |= set(own)
        alone = [key for key in self.used if key not in shown]
        return [*found, self._section(_ALONE, "No other image of the field", "", alone)]

    def by_name(self) -> list[Section]:
        return [self._section(_ALL, "All images", "", list(self.used))]

    def _section(self, key: str, title: str, note: str, own: Sequence[str]) -> Section:
        note = ", ".join(part for part in (samples_text(self.plan, [self.used[one] for one in own]), note) if part)
        return Section(key, title, note, tuple(self.tiles[one] for one in own), takes=True)


def _fields(plan: Plan) -> dict[tuple[str, str], int]:
    """Return how many images show the field of each image that shares its field, by group and source."""
    return {(one.group, source): len(one.sources) for one in plan.duplicates.sets for source in one.sources}


def _tile(plan: Plan, image: PlannedImage, left_out: bool, fields: Mapping[tuple[str, str], int]) -> Tile:
    marks = []
    if any(not Corrections(plan.options.corrections).of(part).changes_nothing for part in (image, *image.parts)):
        marks.append("corrected")
    if (copies := fields.get((image.group, image.source))) and image.role != "mask":
        marks.append(f"{copies} of one field")
    if not image.pixel_size_nm and image.role != "mask":
        marks.append("no pixel size")
    return Tile(
        id=image_id(image),
        name=image.source,
        picture=f"data:image/webp;base64,{base64.b64encode(image.picture).decode()}",
        bar=image.databar.rows / image.shape[0],
        split=image.split,
        group=image.group,
        facts=facts_of(image, plan.options.resample_nm),
        marks=tuple(marks),
        left_out=left_out,
    )


def facts_of(image: PlannedImage, resample_nm: float | None) -> str:
    """Describe an image in one line: size, type, pixel size, data bar, and what it becomes."""
    height, width, channels = image.shape
    facts = [f"{width} x {height} px", dtype_text(image.dtype)]
    if channels > 1:
        facts.append(counted(channels, "channel"))
    if image.role not in ("image", "mask"):
        facts.insert(0, image.role)
    if image.pixel_size_nm:
        facts.append(f"{image.pixel_size_nm:.4g} nm")
    if image.databar.rows:
        facts.append(f"data bar of {counted(image.databar.rows, 'row')}")
    shape = resampled_shape(image, resample_nm)
    if shape and image.role != "mask":
        facts.append(f"becomes {shape[1]} x {shape[0]} px")
    return ", ".join(facts)


def part_of(arranged: Sequence[Section], start: int, count: int) -> list[Section]:
    """Return the sections with `count` images from the image at `start` on; those without any are headings only."""
    found, place = [], 0
    for section in arranged:
        first, last = max(0, start - place), max(0, start + count - place)
        place += len(section.tiles)
        found.append(replace(section, tiles=section.tiles[first:last]))
    return found


def one_of_equal(plan: Plan) -> list[Correction]:
    """Return the corrections that leave out all but the first of each set of images with equal pixels."""
    images = {(image.source, image.group): image for image in plan.images}
    copies = [images[source, one.group] for one in plan.duplicates.sets if one.are_copies for source in one.sources[1:]]
    return [changed(plan.options.corrections, image, {"use": False}) for image in copies]
