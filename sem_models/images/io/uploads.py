"""Reading the inputs of a model from the bytes of one file."""

import tempfile
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.io.read import read_identified_pages, read_pages
from sem_models.images.micrograph import Micrograph
from sem_models.images.stack import assemble

MOST_REQUEST_SAMPLES = 2**25
"""Largest number of samples of a page sent in a request: 5,792 x 5,792 grey pixels."""


def decode_stack(
    data: bytes, channels: int, name: str = "request.tif", most_samples: int = MOST_REQUEST_SAMPLES
) -> Micrograph:
    """Read the first page of an image file in any supported format; if it has too few `channels`, assemble all pages.

    Args:
        data: Content of the file.
        channels: Number of channels that the model expects.
        name: File name for messages. Its suffix may decide the format.
        most_samples: Largest number of samples of a page.

    Raises:
        UserError: The bytes are not an image, a page has more than `most_samples`, or the pages do not
            match or have another number of channels together.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        first = next(read_identified_pages(path, most_samples))
        if channels == 1 or first.channels >= channels:
            return first
        # One page more than needed shows that there are too many, however many there are.
        pages = islice(read_pages(path, most_samples), channels + 1)
        whole = replace(assemble([to_grey(page) for page in pages]), sha256=first.sha256)
    if whole.channels != channels:
        found = f"more than {channels}" if whole.channels > channels else whole.channels
        raise UserError(
            f"{name}: the pages have {found} channels in total, but the model expects {channels}; send one "
            "page for each input, in the same order as in the preparation."
        )
    return whole
