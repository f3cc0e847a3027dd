"""Limits on the size of images. Files that exceed them are refused by their header, before anything is decoded."""

import math
from collections.abc import Sequence
from pathlib import Path

from sem_models.errors import UserError
from sem_models.memory import available_bytes

MOST_SAMPLES = 2**31
"""Largest number of samples of one page: 46,000 x 46,000 pixels."""
LARGEST_RATIO = 100
"""Largest compression ratio of large images. Micrographs reach 20; deflate reaches 1030 on constant images."""
MOST_PAGES = 10_000
"""Largest number of pages of one file."""
_HARMLESS_BYTES = 2**27
"""Images up to this size may have any ratio: masks of a few labels compress as well as bombs do."""
_COPY_BYTES = 4
"""Bytes per sample of the working copy in float32."""


def refuse_oversized(path: Path, shape: Sequence[int], itemsize: int, most_samples: int) -> None:
    """Refuse a page whose header announces more data than a micrograph can have, or than the memory can hold.

    Reading needs two copies in the data type of the file (the decoder's and ours), and working needs one in float32.

    Args:
        path: The file.
        shape: Shape of one page, samples of a pixel included.
        itemsize: Bytes per sample.
        most_samples: Largest number of samples of the page.

    Raises:
        UserError: The page has too many samples, needs more memory than is available, or the file is too small to
            contain it.
    """
    samples = math.prod(shape)
    size = " x ".join(f"{edge:,}" for edge in shape)
    if samples > most_samples:
        raise UserError(
            f"{path.name}: the image has {size} = {samples:,} samples, but at most {most_samples:,} are allowed; "
            "crop it, or divide it into several images."
        )
    decoded, file_bytes = samples * itemsize, path.stat().st_size
    if decoded > _HARMLESS_BYTES and decoded > LARGEST_RATIO * max(file_bytes, 1):
        raise UserError(
            f"{path.name}: a file of {file_bytes:,} bytes claims to contain an image of {size} samples, {decoded:,} "
            f"bytes. More than {LARGEST_RATIO} times the size of the file looks like a decompression bomb; save the "
            "image with less compression."
        )
    needed, free = samples * (2 * itemsize + _COPY_BYTES), available_bytes()
    if needed > free:
        raise UserError(
            f"{path.name}: reading an image of {size} samples needs about {_gib(needed)} of memory, but only "
            f"{_gib(free)} are available; close other programs, crop the image, or use a machine with more memory."
        )


def refuse_many_pages(path: Path, pages: int) -> None:
    """Refuse a file with more than `MOST_PAGES` pages; raises `UserError`."""
    if pages > MOST_PAGES:
        raise UserError(
            f"{path.name}: the file has more than {MOST_PAGES:,} pages; divide it into files with fewer pages."
        )


def _gib(size: int) -> str:
    return f"{size / 2**30:.3g} GiB"
