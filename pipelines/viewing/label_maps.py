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
from sem_models.images.channels import to_grey
from sem_models.images.io.read import read_micrograph

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
        classes = classes_of(mask.pixels)
        facts = ImageFacts(str(mask.pixels.dtype), mask.pixel_size_nm, mask.pixel_aspect, mask.scale_warning)
        return Pyramid((classes, *nearest_levels(classes)), GreyCode(), facts)

    return pyramid_store().get(key_of("classes", fingerprint(path), page, *about), build)


def nearest_levels(codes: Codes) -> list[Codes]:
    """Compute levels 1, 2, ... of (H, W) codes: each pixel of level k is that in the middle of 2^k x 2^k pixels."""
    height, width = codes.shape
    return [codes[np.ix_(_middles(height, k), _middles(width, k))] for k in range(1, 1 + count_levels(height, width))]


def _middles(size: int, k: int) -> NDArray[np.intp]:
    places: NDArray[np.intp] = np.arange(math.ceil(size / 2**k), dtype=np.intp) * 2**k + 2 ** (k - 1)
    return places.clip(max=size - 1)
