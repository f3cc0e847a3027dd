"""Writing micrographs: native dtype, pixel size and provenance kept; a file is complete or not there at all."""

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
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph, Pixels

_BIGTIFF_BYTES = 2**32 - 2**25
_PHYS_LIMIT = 2**32 - 1
"""Pixels per metre that pHYs can hold: atomic resolution is finer, and stands in the text chunk alone."""
_PNG_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16))


def write_micrograph(path: Path, micrograph: Micrograph, provenance: str = "") -> None:
    """Write `.tif` (OME-TIFF) or `.png`, atomically.

    TIFF holds the pixel size as OME PhysicalSizeX in nm and in the resolution tags, PNG in a text chunk and pHYs.

    Raises:
        UserError: The suffix or the dtype does not go with the format.
    """
    suffix = path.suffix.lower()
    note = provenance or str(micrograph.metadata.get("provenance", ""))
    if suffix in (".tif", ".tiff"):
        with _replacing(path) as part:
            _write_tiff(part, micrograph, note)
    elif suffix == ".png":
        with _replacing(path) as part:
            _write_png(part, path.name, micrograph, note)
    else:
        raise UserError(f"{path.name}: results are written as .tif or .png; choose one of them.")


def encode_tiff(micrograph: Micrograph, provenance: str = "") -> bytes:
    """The bytes of a TIFF file as `write_micrograph` would write it."""
    buffer = io.BytesIO()
    _write_tiff(buffer, micrograph, provenance or str(micrograph.metadata.get("provenance", "")))
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

    def __init__(
        self,
        path: Path,
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        pixel_size_nm: float | None,
        provenance: str,
    ) -> None:
        """Reserve a file for (H, W, C) pixels; `path` appears when the context ends without an error."""
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        squeezed = shape[:2] if shape[2] == 1 else shape
        size = int(np.prod(shape)) * dtype.itemsize
        self._rows = tifffile.memmap(
            self._part,
            shape=squeezed,
            dtype=dtype,
            bigtiff=size > _BIGTIFF_BYTES,
            **_tags(shape[2], pixel_size_nm, provenance),
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


def _write_tiff(target: Path | io.BytesIO, micrograph: Micrograph, provenance: str) -> None:
    pixels = micrograph.pixels
    pixels = pixels[..., 0] if micrograph.channels == 1 else pixels
    tags = _tags(micrograph.channels, micrograph.pixel_size_nm, provenance)
    tifffile.imwrite(target, pixels, bigtiff=pixels.nbytes > _BIGTIFF_BYTES, **tags)


def _tags(channels: int, pixel_size_nm: float | None, provenance: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": "YX" if channels == 1 else "YXS"}
    tags: dict[str, Any] = {"ome": True, "metadata": metadata, "software": "SEM Workbench"}
    tags["photometric"] = "rgb" if channels in (3, 4) else "minisblack"
    if channels > 1:
        # Else tifffile takes the channels of a stack for the columns of an image.
        tags["planarconfig"] = "contig"
    if provenance:
        metadata["Description"] = provenance
    if pixel_size_nm:
        for axis in "XY":
            metadata |= {f"PhysicalSize{axis}": pixel_size_nm, f"PhysicalSize{axis}Unit": "nm"}
        tags |= {"resolution": (1e7 / pixel_size_nm,) * 2, "resolutionunit": "CENTIMETER"}
    return tags


def _write_png(part: Path, name: str, micrograph: Micrograph, provenance: str) -> None:
    pixels = micrograph.pixels
    grey16 = pixels.dtype == np.uint16 and micrograph.channels == 1
    if pixels.dtype not in _PNG_DTYPES or not (pixels.dtype == np.uint8 or grey16):
        raise UserError(
            f"{name}: PNG cannot hold {pixels.dtype} with {micrograph.channels} channels; write .tif instead."
        )
    info = PngImagePlugin.PngInfo()
    options: dict[str, Any] = {"format": "PNG", "pnginfo": info}
    if provenance:
        info.add_text("provenance", provenance)
    if micrograph.pixel_size_nm:
        info.add_text("pixel_size_nm", repr(micrograph.pixel_size_nm))
        if 1e9 / micrograph.pixel_size_nm < _PHYS_LIMIT:
            options["dpi"] = (2.54e7 / micrograph.pixel_size_nm,) * 2
    Image.fromarray(pixels[..., 0] if micrograph.channels == 1 else pixels).save(part, **options)
