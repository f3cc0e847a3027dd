"""Image files as pyramids."""

import hashlib
from dataclasses import replace
from pathlib import Path

from pipelines.viewing.codes import encode
from pipelines.viewing.pyramid import ImageFacts, Pyramid, build_pyramid
from pipelines.viewing.store import pyramid_store
from sem_models.images.channels import to_grey
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph, Pixels

_FORMAT = "1"
"""Changed whenever pyramids are computed or stored in another way."""


def open_image(path: Path, page: int = 0, pixel_size_nm: float | None = None, field_rows: int | None = None) -> Pyramid:
    """Open one page of a file; several channels are shown as their mean.

    Args:
        path: The file.
        page: Its page.
        pixel_size_nm: In nm, where it is known better than from the file.
        field_rows: How many rows of the top show the specimen; the display window is chosen from them.

    Raises:
        UserError: The file cannot be read.
    """
    opened = pyramid_store().get(key_of(fingerprint(path), page), lambda: _of_micrograph(_read(path, page)))
    return opened if pixel_size_nm is field_rows is None else _told(opened, pixel_size_nm, field_rows)


def pyramid_of(path: Path, image: Micrograph) -> Pyramid:
    """Return what `open_image` returns for the first page of a file that has been read already, as grey or colour."""
    return pyramid_store().get(key_of(fingerprint(path), 0), lambda: _of_micrograph(image))


def open_input(path: Path, page: int, output: Pyramid) -> Pyramid:
    """Open the input of an output, cut to the field that the output shows: without the data bar, for example.

    Raises:
        UserError: The file cannot be read.
    """

    def build() -> Pyramid:
        given = _read(path, page)
        scale = scale_between(given.width, output.width)
        rows, columns = -(-output.height // scale), -(-output.width // scale)
        return _of_micrograph(given.with_pixels(given.pixels[:rows, :columns]))

    return pyramid_store().get(key_of(fingerprint(path), page, output.height, output.width), build)


def open_field(path: Path, page: int, rows: int, columns: int, pixel_size_nm: float | None = None) -> Pyramid:
    """Open the upper left part of an image, without the data bar, for example; `pixel_size_nm` as for `open_image`.

    Raises:
        UserError: The file cannot be read.
    """

    def build() -> Pyramid:
        given = _read(path, page)
        return _of_micrograph(given.with_pixels(given.pixels[:rows, :columns]))

    opened = pyramid_store().get(key_of(fingerprint(path), page, "field", rows, columns), build)
    return opened if pixel_size_nm is None else _told(opened, pixel_size_nm)


def _told(opened: Pyramid, pixel_size_nm: float | None, field_rows: int | None = None) -> Pyramid:
    facts = replace(opened.facts, pixel_size_nm=pixel_size_nm or opened.facts.pixel_size_nm)
    return replace(opened, facts=facts, field_rows=field_rows)


def scale_between(input_width: int, output_width: int) -> int:
    """Return how many pixels of the output cover one of the input, along an edge; at least 1."""
    return max(1, output_width // input_width)


def fingerprint(path: Path) -> str:
    """Name a file and its content; a file that was written again has another one.

    Raises:
        OSError: There is no such file.
    """
    about = path.stat()
    return f"{path.resolve()}|{about.st_size}|{about.st_mtime_ns}"


def key_of(*parts: object) -> str:
    """Name a pyramid by everything that its pixels depend on."""
    return hashlib.sha256("|".join(map(str, (_FORMAT, *parts))).encode()).hexdigest()[:32]


def _read(path: Path, page: int) -> Micrograph:
    return to_grey(read_micrograph(path, page))


def _of_micrograph(image: Micrograph) -> Pyramid:
    facts = ImageFacts(str(image.pixels.dtype), image.pixel_size_nm, image.pixel_aspect, image.scale_warning)
    return build_pyramid(*encode(_one_channel(image.pixels)), facts)


def _one_channel(pixels: Pixels) -> Pixels:
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels.mean(axis=2)
