"""Reading the specimen image of a file: one grey image without the data bar."""

from pathlib import Path

from sem_models.images.channels import require_grey
from sem_models.images.databar import without_databar
from sem_models.images.io.read import read_identified_pages
from sem_models.images.micrograph import Micrograph


def load_specimen(path: Path) -> Micrograph:
    """Read the first page of a file as a grey image without its data bar.

    Raises:
        UserError: The file cannot be read, or is in colour.
    """
    return specimen_of(next(read_identified_pages(path)))


def specimen_of(micrograph: Micrograph) -> Micrograph:
    """Return the image as grey, (H, W, 1) in its native dtype, without its data bar.

    Raises:
        UserError: The image is in colour.
    """
    return without_databar(require_grey(micrograph))
