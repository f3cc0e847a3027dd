"""Limits on the size of images. Files that exceed them are refused by their header, before anything is decoded."""

import math
from collections.abc import Sequence
from pathlib import Path

from sem_models.errors import UserError

LARGEST_PIXELS = 2**31
"""Largest number of samples of one page: 46,000 x 46,000 pixels."""
LARGEST_RATIO = 500
"""Largest compression ratio. Deflate reaches 1030 on constant images; micrographs stay far below 100."""
_HARMLESS_BYTES = 2**26


def refuse_bomb(path: Path, shape: Sequence[int], itemsize: int, file_bytes: int) -> None:
    """Refuse a file whose header announces more data than a micrograph can have.

    Args:
        path: The file, for messages.
        shape: Shape of one page.
        itemsize: Bytes per sample.
        file_bytes: Size of the file.

    Raises:
        UserError: The page has too many samples, or the file is too small to contain them.
    """
    samples = math.prod(shape)
    if samples > LARGEST_PIXELS:
        raise UserError(
            f"{path.name}: the image has {samples:,} samples, but {LARGEST_PIXELS:,} are allowed; crop the image."
        )
    size = samples * itemsize
    if size > _HARMLESS_BYTES and size > LARGEST_RATIO * max(file_bytes, 1):
        raise UserError(
            f"{path.name}: a file of {file_bytes:,} bytes claims to contain an image of {size:,} bytes, "
            "which looks like a decompression bomb; save it again with less compression."
        )
