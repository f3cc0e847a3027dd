"""Label maps as pyramids of class indices, in which no level mixes classes."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.viewing.codes import Codes, GreyCode
from pipelines.viewing.files import fingerprint, key_of
from pipelines.viewing.pyramid import ImageFacts, Pyramid, count_levels
from pipelines.viewing.store import pyramid_store
from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.display import classes_of_colours
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph

_RGB = 3
ClassesOf = Callable[[NDArray[np.generic]], NDArray[np.uint8]]
"""Turns an (H, W, 1) mask of raw label values into (H, W) class indices."""


def open_classes(path: Path, page: int, classes_of: ClassesOf, *about: object) -> Pyramid:
    """Open one page of a label map; its codes are class indices.

    Args:
        path: File of the label map.
        page: Its page.
        classes_of: Called once for each content of the file.
        about: Everything else that the classes depend on, such as the label values.

    Raises:
        UserError: The file cannot be read, or has values that are no labels.
    """

    def build() -> Pyramid:
        mask = to_grey(read_micrograph(path, page))
        return _of_classes(classes_of(mask.pixels), mask)

    return pyramid_store().get(key_of("classes", fingerprint(path), page, *about), build)


def open_coloured(path: Path) -> Pyramid:
    """Open a picture of classes in their colours, as `coloured` draws them; its codes are class indices.

    Raises:
        UserError: The file cannot be read, or has other colours.
    """

    def build() -> Pyramid:
        picture = read_micrograph(path)
        classes = classes_of_colours(picture.pixels) if picture.channels == _RGB else None
        if classes is None:
            raise UserError(f"{picture.source}: not a picture of classes in their colours.")
        return _of_classes(classes, picture)

    return pyramid_store().get(key_of("coloured classes", fingerprint(path)), build)


def _of_classes(classes: NDArray[np.uint8], read: Micrograph) -> Pyramid:
    facts = ImageFacts(str(read.pixels.dtype), read.pixel_size_nm, read.pixel_aspect, read.scale_warning)
    return Pyramid((classes, *nearest_levels(classes)), GreyCode(), facts)


def nearest_levels(codes: Codes) -> list[Codes]:
    """Compute levels 1, 2, ... of (H, W) codes: each pixel of level k is that in the middle of 2^k x 2^k pixels."""
    height, width = codes.shape
    return [codes[np.ix_(_middles(height, k), _middles(width, k))] for k in range(1, 1 + count_levels(height, width))]


def _middles(size: int, k: int) -> NDArray[np.intp]:
    places: NDArray[np.intp] = np.arange(math.ceil(size / 2**k), dtype=np.intp) * 2**k + 2 ** (k - 1)
    return places.clip(max=size - 1)
