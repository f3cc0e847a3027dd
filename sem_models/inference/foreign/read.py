"""Reading a model that was trained elsewhere, by the kind of its file."""

from pathlib import Path

from sem_models.inference.foreign.bioimage import read_package
from sem_models.inference.foreign.checkpoint import read_checkpoint
from sem_models.inference.foreign.model import ForeignModel
from sem_models.inference.foreign.suffixes import PACKAGE


def read_foreign(path: Path) -> ForeignModel:
    """Read a file of weights, or a BioImage.IO package if its suffix is `.zip`.

    Raises:
        UserError: It cannot be read without running code from it, or is no model that can be applied to micrographs.
    """
    if path.suffix.lower() == PACKAGE:
        return read_package(path)
    return read_checkpoint(path)
