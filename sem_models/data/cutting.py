"""Pixels of a planned image, as they will be stored before anything is aligned."""

from typing import TYPE_CHECKING

from sem_models.images.channels import to_grey
from sem_models.images.databar import crop_databar
from sem_models.images.micrograph import Micrograph
from sem_models.images.read import read_micrograph

if TYPE_CHECKING:
    from sem_models.data.plan import PlannedImage


def cut_file(image: "PlannedImage") -> Micrograph:
    """The file of a planned image without its data bar.

    Raises:
        UserError: It cannot be read.
    """
    return crop_databar(to_grey(read_micrograph(image.path, image.page)), image.databar)
