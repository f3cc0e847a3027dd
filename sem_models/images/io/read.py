"""Reading micrographs, with one-line error messages that name the file."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from sem_models.errors import UserError
from sem_models.images.io.formats.limits import MOST_SAMPLES
from sem_models.images.io.formats.table import Format, readable_suffixes, recognise
from sem_models.images.micrograph import Micrograph, Pixels

__all__ = ["file_sha256", "read_identified_pages", "read_micrograph", "read_pages", "readable_suffixes"]


def read_micrograph(path: Path, page: int = 0) -> Micrograph:
    """Read one page of a file.

    Raises:
        UserError: The file is missing, damaged, not an image, or has no such page.
    """
    found = next(islice(read_pages(path), page, None), None)
    if found is None:
        raise UserError(f"{path.name}: there is no page {page}; pages are counted from 0.")
    return found


def read_pages(path: Path, most_samples: int = MOST_SAMPLES) -> Iterator[Micrograph]:
    """Read every page of a file in its native dtype.

    Booleans become uint8 with values 0 and 255, and float16 and float64 become float32. Signed integers, in which EM
    software stores differences, become float32 as well (int8 and int16 exactly, int32 with 24 significant bits). NaN
    and infinities are replaced by the lowest finite value and counted in `metadata["replaced_pixels"]`.

    Args:
        path: The file.
        most_samples: Largest number of samples of a page; pages with more are refused before they are decoded.

    Raises:
        UserError: The file is missing, empty, damaged or not an image, a page is too large or needs more memory than is
            available, or a package that reads it is missing.
    """
    pages, count = _format_of(path).read(path, most_samples), 0
    while True:
        try:
            page = next(pages, None)
        except UserError:
            raise
        except ImportError as error:
            raise UserError(f"{path.name}: a package for reading this file is missing: {_one_line(error)}") from error
        except MemoryError as error:
            raise UserError(
                f"{path.name}: not enough memory to read the image; close other programs, or crop it."
            ) from error
        except Exception as error:
            # Decoders may raise anything on damaged input; to the user it is the same problem.
            raise UserError(
                f"{path.name}: the file is damaged or its suffix is wrong ({_one_line(error)}); export it again."
            ) from error
        if page is None:
            break
        count += 1
        yield _native(path, page)
    if count == 0:
        raise UserError(f"{path.name}: the file is damaged and contains no image; export it again.")


def _format_of(path: Path) -> Format:
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; check the name.")
    if path.stat().st_size == 0:
        raise UserError(f"{path.name}: the file is empty; copy it again.")
    form = recognise(path)
    if form is None:
        known = " ".join(sorted(readable_suffixes()))
        raise UserError(f"{path.name}: not a supported image format; use one of {known}.")
    return form


def read_identified_pages(path: Path, most_samples: int = MOST_SAMPLES) -> Iterator[Micrograph]:
    """Read every page as `read_pages` does and add the SHA-256 of the file, which results state in their provenance."""
    sha256 = ""
    for page in read_pages(path, most_samples):
        sha256 = sha256 or file_sha256(path)
        yield replace(page, sha256=sha256)


def file_sha256(path: Path) -> str:
    """Compute the SHA-256 of a file without loading the whole file into memory."""
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
        raise UserError(
            f"{path.name}: the values are complex (a Fourier transform?), which is not an image; export the modulus."
        )
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
