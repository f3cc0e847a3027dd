"""MRC maps and stacks (CCP-EM 2014), read with mrcfile. The voxel size is stored in angstrom."""

from collections.abc import Iterator
from pathlib import Path

import mrcfile
import numpy as np

from sem_models.images.io.formats.limits import refuse_many_pages, refuse_oversized
from sem_models.images.io.vendors.facts import number
from sem_models.images.micrograph import Micrograph
from sem_models.images.units import to_nm


def read(path: Path, most_samples: int) -> Iterator[Micrograph]:
    """Read one micrograph per section, top row first."""
    with mrcfile.mmap(path, mode="r", permissive=True) as file:
        if file.data is None:
            raise ValueError("the header does not describe an image")
        stack = file.data if file.data.ndim >= 3 else file.data[None]
        stack = stack.reshape(-1, *stack.shape[-2:])
        refuse_many_pages(path, len(stack))
        size = number(file.voxel_size.x)
        for index, section in enumerate(stack):
            refuse_oversized(path, section.shape, section.dtype.itemsize, most_samples)
            source = path.name if len(stack) == 1 else f"{path.name}#{index}"
            nm = to_nm(size, "A") if size else None
            yield Micrograph(np.array(section)[:, :, None], nm, {}, source)
