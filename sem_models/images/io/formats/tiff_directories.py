"""The chain of directories of a TIFF file, checked before tifffile follows it.

tifffile reads a directory for each link of the chain, and a chain that leads back to itself has no end.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sem_models.errors import UserError
from sem_models.images.io.formats.limits import refuse_many_pages

_BIG = 43
"""Version number of BigTIFF, which has offsets of 64 bits. That of TIFF is 42."""


def check_directories(path: Path) -> None:
    """Follow the chain without reading any tag. A chain that breaks off is left to tifffile.

    Raises:
        UserError: The chain leads back to a directory before, or has more than `MOST_PAGES` directories.
    """
    seen: set[int] = set()
    with path.open("rb") as file:
        for offset in _offsets(file):
            if offset in seen:
                raise UserError(
                    f"{path.name}: the file is damaged, because its list of pages leads back to an earlier page (byte "
                    f"{offset:,}); export it again."
                )
            seen.add(offset)
            refuse_many_pages(path, len(seen))


def _offsets(file: BinaryIO) -> Iterator[int]:
    """Yield the offset of each directory in the order of the chain."""
    order = "<" if file.read(2) == b"II" else ">"
    try:
        (version,) = _read(file, f"{order}H")
        count, offset, entry = ("Q", "Q", 20) if version == _BIG else ("H", "I", 12)
        file.seek(8 if version == _BIG else 4)
        (place,) = _read(file, order + offset)
        while place:
            file.seek(place)
            (entries,) = _read(file, order + count)
            yield place
            file.seek(entries * entry, 1)
            (place,) = _read(file, order + offset)
    except (struct.error, OSError, OverflowError):
        return


def _read(file: BinaryIO, form: str) -> tuple[int, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))
