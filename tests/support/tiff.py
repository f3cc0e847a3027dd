"""Answers of a server as micrographs."""

import tempfile
from pathlib import Path

from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph


def decode_tiff(data: bytes) -> Micrograph:
    """Read a micrograph from the content of a TIFF file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.tif"
        path.write_bytes(data)
        return read_micrograph(path)
