"""Reading micrographs: one entry point, one treatment of odd files, one-line errors that name the file."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from sem_models.errors import UserError
from sem_models.images.io.formats.table import readable_suffixes, recognise
from sem_models.images.micrograph import Micrograph, Pixels

__all__ = ["file_sha256", "read_identified_pages", "read_micrograph", "read_pages", "readable_suffixes"]


def read_micrograph(path: Path, page: int = 0) -> Micrograph:
    """One page of a file.

    Raises:
        UserError: The file is missing, damaged, not an image, or has no such page.
    """
    found = next(islice(read_pages(path), page, None), None)
    if found is None:
        raise UserError(f"{path.name}: there is no page {page}; count pages from 0.")
    return found


def read_pages(path: Path) -> Iterator[Micrograph]:
    """Every page of a file, in native dtype.

    Booleans become uint8 0 and 255; float16 and float64 become float32; signed integers become float32 (int8 and
    int16 exactly, int32 to 24 bit) because EM software stores differences in them; NaN and infinities are replaced
    by the lowest finite value and counted in `metadata["replaced_pixels"]`.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; check the name.")
    if path.stat().st_size == 0:
        raise UserError(f"{path.name}: the file is empty; copy it again.")
    form = recognise(path)
    if form is None:
        known = " ".join(sorted(readable_suffixes()))
        raise UserError(f"{path.name}: not an image that can be read here; use one of {known}.")
    pages, count = form.read(path), 0
    while True:
        try:
            page = next(pages, None)
        except UserError:
            raise
        except ImportError as error:
            raise UserError(f"{path.name}: a package that reads it is missing: {_one_line(error)}") from error
        except Exception as error:
            # Decoders raise whatever they like on damaged input: to the user it is one thing.
            raise UserError(
                f"{path.name}: damaged or not what its name says ({_one_line(error)}); export it again."
            ) from error
        if page is None:
            break
        count += 1
        yield _native(path, page)
    if count == 0:
        raise UserError(f"{path.name}: damaged, it holds no image; export it again.")


def read_identified_pages(path: Path) -> Iterator[Micrograph]:
    """As `read_pages`, with the sha256 of the file, for results that name what they were made from."""
    sha256 = ""
    for page in read_pages(path):
        sha256 = sha256 or file_sha256(path)
        yield replace(page, sha256=sha256)


def file_sha256(path: Path) -> str:
    """Of the bytes of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:160]


def _native(path: Path, micrograph: Micrograph) -> Micrograph:
    pixels = micrograph.pixels
    if 0 in pixels.shape:
        raise UserError(f"{path.name}: the image has no pixels; export it again.")
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype.kind == "i" or (pixels.dtype.kind == "f" and pixels.dtype != np.float32):
        pixels = pixels.astype(np.float32)
    elif pixels.dtype.kind == "c":
        raise UserError(f"{path.name}: complex values (a Fourier transform?) are not an image; export its modulus.")
    pixels = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("="), copy=False))
    return _finite(path, replace(micrograph, pixels=pixels))


def _finite(path: Path, micrograph: Micrograph) -> Micrograph:
    pixels: Pixels = micrograph.pixels
    if pixels.dtype.kind != "f":
        return micrograph
    bad = ~np.isfinite(pixels)
    count = int(bad.sum())
    if count == 0:
        return micrograph
    if count == pixels.size:
        raise UserError(f"{path.name}: no pixel has a finite value; export it again.")
    filled = np.where(bad, pixels[~bad].min(), pixels)
    return replace(micrograph, pixels=filled, metadata={**micrograph.metadata, "replaced_pixels": count})
