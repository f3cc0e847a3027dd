"""Reading the inputs of a model from the bytes of one file."""

import tempfile
from dataclasses import replace
from pathlib import Path

from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.io.read import read_identified_pages, read_pages
from sem_models.images.micrograph import Micrograph
from sem_models.images.stack import assemble


def decode_stack(data: bytes, channels: int, name: str = "request.tif") -> Micrograph:
    """Read the first page of an image file in any supported format; if it has too few `channels`, assemble all pages.

    Args:
        data: Content of the file.
        channels: Number of channels that the model expects.
        name: File name for messages. Its suffix may decide the format.

    Raises:
        UserError: The bytes are not an image, or the pages do not match or have another number of channels together.
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
            f"{name}: the pages have {whole.channels} channels in total, but the model expects {channels}; send one "
            "page for each input, in the same order as in `prepare`."
        )
    return whole
