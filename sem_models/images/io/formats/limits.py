"""Sizes that no microscope makes: refused from the header, before anything is decoded."""

import math
from collections.abc import Sequence
from pathlib import Path

from sem_models.errors import UserError

LARGEST_PIXELS = 2**31
"""Samples of one page: 46,000 x 46,000 pixels."""
LARGEST_RATIO = 500
"""Decoded bytes per byte of file; deflate reaches 1030 on constant images, micrographs stay far below 100."""
_HARMLESS_BYTES = 2**26


def refuse_bomb(path: Path, shape: Sequence[int], itemsize: int, file_bytes: int) -> None:
    """Raise `UserError` where a header promises more than a micrograph can hold."""
    samples = math.prod(shape)
    if samples > LARGEST_PIXELS:
        raise UserError(f"{path.name}: {samples:,} samples are more than the {LARGEST_PIXELS:,} allowed; cut the file.")
    size = samples * itemsize
    if size > _HARMLESS_BYTES and size > LARGEST_RATIO * max(file_bytes, 1):
        raise UserError(
            f"{path.name}: {file_bytes:,} bytes claim to hold {size:,} bytes of image, "
            "which looks like a decompression bomb; save it again with plain compression."
        )
