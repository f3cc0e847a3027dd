"""Writing micrographs: native dtype, facts and history kept; a file is complete or not there at all."""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import tifffile
from PIL import Image, PngImagePlugin

from sem_models.errors import UserError
from sem_models.images.facts import facts_to_text
from sem_models.images.io.formats.raster import HISTORY
from sem_models.images.io.ome_xml import ome_xml
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.vendors import gatan
from sem_models.images.micrograph import Micrograph, Pixels
from sem_models.images.provenance import SOFTWARE, STEPS

_BIGTIFF_BYTES = 2**32 - 2**25
_PHYS_LIMIT = 2**32 - 1
"""Pixels per metre that pHYs can hold: atomic resolution is finer, and stands in the text chunk alone."""
_PNG_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16))


def write_micrograph(path: Path, micrograph: Micrograph) -> None:
    """Write `.tif` (OME-TIFF) or `.png`, atomically, with everything that is known of the image.

    TIFF holds acquisition facts and processing steps as OME-XML (see `ome_xml`), and the pixel size in the resolution
    tags as well. PNG holds each fact in a text chunk of its own, the steps as JSON, and the pixel size in pHYs as well.

    Raises:
        UserError: The suffix or the dtype does not go with the format.
    """
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        with _replacing(path) as part:
            _write_tiff(part, micrograph)
    elif suffix == ".png":
        with _replacing(path) as part:
            _write_png(part, path.name, micrograph)
    else:
        raise UserError(f"{path.name}: results are written as .tif or .png; choose one of them.")


def encode_tiff(micrograph: Micrograph) -> bytes:
    """The bytes of a TIFF file as `write_micrograph` would write it."""
    buffer = io.BytesIO()
    _write_tiff(buffer, micrograph)
    return buffer.getvalue()


def decode_tiff(data: bytes, name: str = "upload.tif") -> Micrograph:
    """A micrograph out of the bytes of an image file of any readable format.

    Raises:
        UserError: The bytes are not an image.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(name).name or "upload.tif")
        path.write_bytes(data)
        return read_micrograph(path)


class TiffRowWriter:
    """Writes a TIFF row by row through a memory map, so that the image need not fit into memory."""

    def __init__(self, path: Path, image: Micrograph) -> None:
        """Reserve a file; it appears at `path` when the context ends without an error.

        Args:
            path: Of the TIFF file.
            image: What the file will hold. Only shape and dtype of its pixels count: `reserved` makes them of nothing.
        """
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._rows = tifffile.memmap(
            self._part,
            shape=_squeezed(image.pixels).shape,
            dtype=image.pixels.dtype,
            bigtiff=image.pixels.nbytes > _BIGTIFF_BYTES,
            **_tags(image),
        )

    def write_rows(self, first: int, rows: Pixels) -> None:
        """Put (h, W, C) rows at row `first`."""
        target = self._rows[first : first + len(rows)]
        target[...] = rows.reshape(target.shape)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.flush()
        del self._rows
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def reserved(shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Pixels:
    """Pixels of a shape and a dtype that take up no memory, for images which are still to be written."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def _write_tiff(target: Path | io.BytesIO, image: Micrograph) -> None:
    pixels = _squeezed(image.pixels)
    tifffile.imwrite(target, pixels, bigtiff=pixels.nbytes > _BIGTIFF_BYTES, **_tags(image))


def _squeezed(pixels: Pixels) -> Pixels:
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def _tags(image: Micrograph) -> dict[str, Any]:
    tags: dict[str, Any] = {"description": ome_xml(image), "metadata": None, "software": SOFTWARE}
    tags["photometric"] = "rgb" if image.channels in (3, 4) else "minisblack"
    if image.channels > 1:
        # Else tifffile takes the channels of a stack for the columns of an image.
        tags["planarconfig"] = "contig"
    if image.pixel_size_nm:
        tags |= {"resolution": (1e7 / image.pixel_size_nm,) * 2, "resolutionunit": "CENTIMETER"}
        # DigitalMicrograph and RosettaSciIO look nowhere else.
        tags["extratags"] = [(tag, "s", 0, "nm", True) for tag in gatan.UNITS]
        tags["extratags"] += [(tag, "d", 1, image.pixel_size_nm, True) for tag in gatan.SCALES]
    return tags


def _write_png(part: Path, name: str, image: Micrograph) -> None:
    pixels = image.pixels
    grey16 = pixels.dtype == np.uint16 and image.channels == 1
    if pixels.dtype not in _PNG_DTYPES or not (pixels.dtype == np.uint8 or grey16):
        raise UserError(f"{name}: PNG cannot hold {pixels.dtype} with {image.channels} channels; write .tif instead.")
    info = PngImagePlugin.PngInfo()
    options: dict[str, Any] = {"format": "PNG", "pnginfo": info}
    info.add_text("Software", SOFTWARE)
    for key, value in facts_to_text(image.metadata).items():
        info.add_text(key, value)
    if image.history:
        info.add_text("origin", image.history[-1].origin)
        info.add_text("provenance", image.provenance)
        info.add_text(HISTORY, STEPS.dump_json(image.history, exclude_defaults=True).decode())
    if image.pixel_size_nm:
        info.add_text("pixel_size_nm", repr(image.pixel_size_nm))
        if 1e9 / image.pixel_size_nm < _PHYS_LIMIT:
            options["dpi"] = (2.54e7 / image.pixel_size_nm,) * 2
    Image.fromarray(_squeezed(pixels)).save(part, **options)
