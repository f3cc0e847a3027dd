"""MRC maps and stacks (CCP-EM 2014), read with mrcfile. The voxel size is stored in angstrom."""

import struct
from collections.abc import Iterator
from pathlib import Path

import mrcfile
import numpy as np

from sem_models.images.io.formats.limits import refuse_many_pages, refuse_oversized
from sem_models.images.io.vendors.facts import aspect_of, number
from sem_models.images.micrograph import Micrograph
from sem_models.images.units import to_nm

_HEADER_BYTES = 1024
_EXTENDED_BYTES, _MACHINE_STAMP = 92, 212
"""Offsets in the header of MRC2014: NSYMBT, bytes of the extended header, and MACHST, which states the byte order."""
_BIG_ENDIAN = 0x11


def read(path: Path, most_samples: int) -> Iterator[Micrograph]:
    """Read one micrograph per section, top row first."""
    _refuse_forged_header(path)
    with mrcfile.mmap(path, mode="r", permissive=True) as file:
        if file.data is None:
            raise ValueError("the header does not describe an image")
        stack = file.data if file.data.ndim >= 3 else file.data[None]
        stack = stack.reshape(-1, *stack.shape[-2:])
        refuse_many_pages(path, len(stack))
        size, height = number(file.voxel_size.x), number(file.voxel_size.y)
        for index, section in enumerate(stack):
            refuse_oversized(path, section.shape, section.dtype.itemsize, most_samples)
            source = path.name if len(stack) == 1 else f"{path.name}#{index}"
            nm = to_nm(size, "A") if size else None
            yield Micrograph(np.array(section)[:, :, None], nm, {}, source, pixel_aspect=aspect_of(size, height))


def _refuse_forged_header(path: Path) -> None:
    """Refuse an extended header that is longer than the file, for which mrcfile would reserve memory."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        raise ValueError("the header is incomplete")
    order = ">" if header[_MACHINE_STAMP] == _BIG_ENDIAN else "<"
    (extended,) = struct.unpack_from(f"{order}i", header, _EXTENDED_BYTES)
    if not 0 <= extended <= path.stat().st_size - _HEADER_BYTES:
        raise ValueError(f"the header announces an extended header of {extended:,} bytes, which the file does not have")
