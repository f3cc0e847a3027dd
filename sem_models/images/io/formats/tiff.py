"""TIFF and its variants, read with tifffile: BigTIFF, OME, ImageJ, vendor tags, all codecs of imagecodecs."""

import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from sem_models.errors import UserError
from sem_models.images.io.formats.limits import refuse_oversized
from sem_models.images.io.formats.tiff_directories import check_directories
from sem_models.images.io.vendors.olympus import TAG as OLYMPUS
from sem_models.images.io.vendors.table import read_facts
from sem_models.images.micrograph import Micrograph, Pixels

_CODED_IMAGES = tifffile.TIFF.IMAGE_COMPRESSIONS
"""Compressions whose strips or tiles are images with a header of their own: JPEG, JPEG 2000, WebP and others."""


def read(path: Path, most_samples: int) -> Iterator[Micrograph]:
    """Read one micrograph per page. Thumbnails and overviews (reduced pages) are skipped."""
    check_directories(path)
    with tifffile.TiffFile(path) as file:
        pages = _image_pages(file)
        for index, page in enumerate(pages):
            facts = read_facts(page)
            source = path.name if len(pages) == 1 else f"{path.name}#{index}"
            pixels = _decode(path, page, most_samples)
            yield Micrograph(
                pixels,
                facts.pixel_size_nm,
                facts.metadata,
                source,
                history=facts.history,
                pixel_aspect=facts.pixel_aspect,
            )


def _image_pages(file: tifffile.TiffFile) -> list[tifffile.TiffPage]:
    """Return the full-resolution pages. In Olympus files a colour preview precedes the recorded image."""
    pages = [page.aspage() for page in file.pages]
    measured = [page for page in pages if OLYMPUS in page.tags]
    if measured:
        return measured
    full = [page for page in pages if not page.is_reduced]
    return full or pages


def _decode(path: Path, page: tifffile.TiffPage, most_samples: int) -> Pixels:
    if page.dtype is None:
        raise UserError(f"{path.name}: unknown sample type; save it as 8, 16 or 32 bit.")
    for shape in (page.shape, *_segment_shapes(page)):
        refuse_oversized(path, shape, page.dtype.itemsize, most_samples)
    pixels = _channels_last(np.asarray(page.asarray()), page)
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
        return _apply_palette(pixels, np.asarray(page.colormap))
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE and pixels.dtype.kind in "bu":
        return np.logical_not(pixels) if pixels.dtype == bool else np.iinfo(pixels.dtype).max - pixels
    return pixels


def _segment_shapes(page: tifffile.TiffPage) -> Iterator[tuple[int, ...]]:
    """Yield the sizes of strips or tiles, which may be larger than the page, as tags and as coded images state them."""
    yield page.chunks
    if page.compression not in _CODED_IMAGES:
        return
    file = page.parent.filehandle
    for offset, size in zip(page.dataoffsets, page.databytecounts, strict=False):
        file.seek(offset)
        # An unknown codec is left to imagecodecs.
        with suppress(OSError), Image.open(io.BytesIO(file.read(size))) as coded:
            yield coded.height, coded.width, len(coded.getbands())


def _channels_last(pixels: Pixels, page: tifffile.TiffPage) -> Pixels:
    """Reorder the axes of a page to (H, W, C); in planar files the samples come first."""
    axes = page.axes
    if pixels.ndim != len(axes) or "Y" not in axes or "X" not in axes:
        pixels, axes = np.squeeze(pixels), "YX"
    if "S" in axes:
        return np.moveaxis(pixels, axes.index("S"), -1).reshape(*_plane(pixels, axes), -1)
    if pixels.ndim != 2:
        raise ValueError(f"axes {axes} with shape {pixels.shape} are not an image")
    return pixels[:, :, None]


def _plane(pixels: Pixels, axes: str) -> tuple[int, int]:
    return pixels.shape[axes.index("Y")], pixels.shape[axes.index("X")]


def _apply_palette(pixels: Pixels, colours: Pixels) -> Pixels:
    """Return the indices of a grey-ramp palette, which many microscopes write; other palettes become 8-bit RGB."""
    rgb = (colours >> 8).astype(np.uint8)
    if np.array_equal(rgb, np.broadcast_to(np.arange(rgb.shape[1], dtype=np.uint8), rgb.shape)):
        return pixels
    return np.moveaxis(rgb[:, pixels[..., 0]], 0, -1)
