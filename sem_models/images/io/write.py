"""Writing micrographs in their native dtype, with facts and history. Incomplete files are never left behind."""

import io
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
from sem_models.images.io.partial import partial_path
from sem_models.images.io.vendors import gatan
from sem_models.images.micrograph import Micrograph, Pixels
from sem_models.images.provenance import SOFTWARE, STEPS

_BIGTIFF_BYTES = 2**32 - 2**25
_PHYS_LIMIT = 2**32 - 1
"""Largest number of pixels per metre that pHYs can hold. Atomic resolution exceeds it and is stated only as text."""
_PNG_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16))


def write_micrograph(path: Path, micrograph: Micrograph) -> None:
    """Write a `.tif` (OME-TIFF) or `.png` file atomically, with everything that is known about the image.

    TIFF stores acquisition facts and processing steps as OME-XML (see `ome_xml`) and repeats the pixel size in the
    resolution tags. PNG stores each fact in its own text chunk and the steps as JSON, and repeats the pixel size in
    pHYs.

    Raises:
        UserError: The suffix is not supported, or the format cannot hold the dtype.
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
    """Return the content of the TIFF file that `write_micrograph` would write."""
    buffer = io.BytesIO()
    _write_tiff(buffer, micrograph)
    return buffer.getvalue()


def encode_png(micrograph: Micrograph) -> bytes:
    """Return the content of the PNG file that `write_micrograph` would write; raises a `UserError` as it does."""
    buffer = io.BytesIO()
    _write_png(buffer, micrograph.source or "The image", micrograph)
    return buffer.getvalue()


class TiffRowWriter:
    """Writes a TIFF file row by row through a memory map, so that the image need not fit into memory."""

    def __init__(self, path: Path, image: Micrograph) -> None:
        """Reserve the file. It appears at `path` if the context ends without an error.

        Args:
            path: Path of the TIFF file.
            image: Description of the image. Of its pixels only shape and dtype are used; `reserved` makes such pixels
                without using memory.
        """
        self._path = path
        self._part = partial_path(path)
        self._rows = tifffile.memmap(
            self._part,
            shape=_squeezed(image.pixels).shape,
            dtype=image.pixels.dtype,
            bigtiff=image.pixels.nbytes > _BIGTIFF_BYTES,
            **_tags(image),
        )

    def write_rows(self, first: int, rows: Pixels) -> None:
        """Write rows of shape (h, W, C) starting at row `first`."""
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
    part = partial_path(path)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def reserved(shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Pixels:
    """Return pixels of a given shape and dtype that occupy no memory, for images that are yet to be written."""
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
        # Otherwise tifffile takes the channels of a stack for the columns of an image.
        tags["planarconfig"] = "contig"
    if image.pixel_size_nm:
        edges = (image.pixel_size_nm, image.pixel_size_nm * image.pixel_aspect)
        tags |= {"resolution": tuple(1e7 / edge for edge in edges), "resolutionunit": "CENTIMETER"}
        # DigitalMicrograph and RosettaSciIO read the pixel size only from these tags.
        tags["extratags"] = [(tag, "s", 0, "nm", True) for tag in gatan.UNITS]
        tags["extratags"] += [(tag, "d", 1, edge, True) for tag, edge in zip(gatan.SCALES, edges, strict=True)]
    return tags


def _write_png(target: Path | io.BytesIO, name: str, image: Micrograph) -> None:
    pixels = image.pixels
    grey16 = pixels.dtype == np.uint16 and image.channels == 1
    if pixels.dtype not in _PNG_DTYPES or not (pixels.dtype == np.uint8 or grey16):
        raise UserError(f"{name}: PNG cannot hold {pixels.dtype} with {image.channels} channel(s); use .tif instead.")
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
        edges = (image.pixel_size_nm, image.pixel_size_nm * image.pixel_aspect)
        info.add_text("pixel_size_nm", repr(image.pixel_size_nm))
        if image.pixel_aspect != 1:
            info.add_text("pixel_aspect", repr(image.pixel_aspect))
        if 1e9 / min(edges) < _PHYS_LIMIT:
            options["dpi"] = tuple(2.54e7 / edge for edge in edges)
    Image.fromarray(_squeezed(pixels)).save(target, **options)
