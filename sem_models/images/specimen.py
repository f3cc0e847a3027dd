"""The specimen that a file shows: one grey image, without the rows that the instrument wrote below it."""

from pathlib import Path

from sem_models.images.channels import require_grey
from sem_models.images.databar import without_databar
from sem_models.images.io.read import read_identified_pages
from sem_models.images.micrograph import Micrograph


def load_specimen(path: Path) -> Micrograph:
    """The first page of a file as `specimen_of` gives it.

    Raises:
        UserError: The file cannot be read, or is in colour.
    """
    return specimen_of(next(read_identified_pages(path)))


def specimen_of(micrograph: Micrograph) -> Micrograph:
    """(H, W, 1) in the native dtype, without the data bar.

    Raises:
        UserError: The image is in colour.
    """
    return without_databar(require_grey(micrograph))
