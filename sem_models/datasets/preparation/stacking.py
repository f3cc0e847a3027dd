"""Stacking of planned files that are channels of one input."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from sem_models.datasets.manifest import Part
from sem_models.datasets.preparation.planned_image import Half, PlannedImage
from sem_models.errors import FieldRef, UserError
from sem_models.images.channels import to_grey
from sem_models.images.databar import crop_databar
from sem_models.images.intensity import IntensityRange
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph, Pixels
from sem_models.images.stack import assemble, part_limits, require_one_field


def stacked(images: Sequence[PlannedImage]) -> list[PlannedImage]:
    """Return one planned image for each role of a sample. Its `parts` are the files that its channels come from.

    Raises:
        UserError: Files of one stack differ in size, data type or pixel size, or two files have the same name.
    """
    stacks: dict[tuple[str, str], list[PlannedImage]] = defaultdict(list)
    for image in images:
        stacks[(image.sample, image.role)].append(image)
    return [_one(sorted(stack, key=lambda image: image.part)) for stack in stacks.values()]


def _one(stack: list[PlannedImage]) -> PlannedImage:
    first = stack[0]
    if len(stack) == 1:
        return first
    for image, other in pairwise(stack):
        if image.part == other.part:
            raise UserError(
                f"{image.path} and {other.path} have the same name and could not be distinguished; rename one of them, "
                "for example by adding the name of its folder."
            )
    require_one_field([_described(image) for image in stack])
    if len({(image.sha256, image.page) for image in stack}) < len(stack):
        raise UserError(f"{first.source}: two of its inputs are the same image; name another folder.")
    channels = sum(image.shape[2] for image in stack)
    size = next((image.pixel_size_nm for image in stack if image.pixel_size_nm), None)
    return replace(first, parts=tuple(stack), shape=(*first.shape[:2], channels), pixel_size_nm=size)


def _described(image: PlannedImage) -> Micrograph:
    """Return the facts about the file as a micrograph whose pixels occupy no memory."""
    pixels = np.broadcast_to(np.zeros((), image.dtype), image.shape)
    return crop_databar(Micrograph(pixels, image.pixel_size_nm, {}, image.source), image.databar)


def cut_file(image: PlannedImage) -> Micrograph:
    """Read the file of a planned image, or all files of its stack, each without its data bar.

    Raises:
        UserError: A file cannot be read, or the files of a stack do not match.
    """
    if image.parts:
        return assemble([cut_file(part) for part in image.parts])
    whole = to_grey(read_micrograph(image.path, image.page))
    return crop_databar(half_of(whole, image.half), image.databar)


def half_of(micrograph: Micrograph, half: Half | None) -> Micrograph:
    """Return the left or right half of the columns; the whole image for None.

    Raises:
        UserError: The number of columns is odd.
    """
    if half is None:
        return micrograph
    if micrograph.width % 2:
        raise UserError(
            f"{micrograph.source}: {micrograph.width} columns cannot be two images side by side; check ",
            FieldRef("arrangement"),
            ".",
        )
    middle = micrograph.width // 2
    columns = slice(0, middle) if half == "left" else slice(middle, None)
    return micrograph.with_pixels(np.ascontiguousarray(micrograph.pixels[:, columns]))


def described_parts(image: PlannedImage, pixels: Pixels) -> tuple[Part, ...]:
    """Return the manifest entry of each file in a stack of (H, W, C) pixels; empty for a single file."""
    limits = part_limits(pixels, [part.shape[2] for part in image.parts])
    return tuple(_part(part, own) for part, own in zip(image.parts, limits, strict=False))


def _part(planned: PlannedImage, limits: IntensityRange) -> Part:
    return Part(
        source=planned.source,
        sha256=planned.sha256,
        channels=planned.shape[2],
        databar_rows=planned.databar.rows,
        intensity=(limits.lo, limits.hi),
    )
