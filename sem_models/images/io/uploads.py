"""Inputs of a model out of the bytes of one file."""

import tempfile
from dataclasses import replace
from pathlib import Path

from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.io.read import read_identified_pages, read_pages
from sem_models.images.micrograph import Micrograph
from sem_models.images.stack import assemble


def decode_stack(data: bytes, channels: int, name: str = "request.tif") -> Micrograph:
    """The first page of an image file of any readable format; all pages assembled where it has too few `channels`.

    Raises:
        UserError: The bytes are not an image, the pages do not go together or give another number of channels.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        first = next(read_identified_pages(path))
        if channels == 1 or first.channels >= channels:
            return first
        whole = replace(assemble([to_grey(page) for page in read_pages(path)]), sha256=first.sha256)
    if whole.channels != channels:
        raise UserError(
            f"{name}: its pages give {whole.channels} channels together, where the model takes {channels}; send one "
            "page for each input, in the order of `prepare`."
        )
    return whole
