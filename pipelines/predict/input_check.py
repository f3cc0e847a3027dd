"""Use case: whether files are unlike what a model learned from, before it is applied to them.

Starter models need no store, so that Home need not wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.model_ref import BaselineRef, ModelRef, RegistryRef, StarterRef
from pipelines.viewing.files import open_image
from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.databar import without_databar
from sem_models.images.io.read import read_micrograph, readable_suffixes
from sem_models.inference.input_check.reference import InputCheck, InputReference
from sem_models.inference.input_check.stored import stored_reference
from sem_models.starters.shelf import starter_folder

MOST_FILES = 12


@dataclass(frozen=True)
class CheckedFile:
    """The first page of a file, compared with what a model learned from."""

    file: Path
    check: InputCheck | None
    """None for images that are too small or flat to tell."""


def reference_of(ref: ModelRef) -> InputReference | None:
    """Read what the inputs looked like that a model learned from; None where nobody stored it, as for baselines.

    Raises:
        UserError: There is no such model.
    """
    if isinstance(ref, BaselineRef):
        return None
    if isinstance(ref, StarterRef):
        return stored_reference(starter_folder(ref.name))
    if isinstance(ref, RegistryRef):
        from pipelines.tracking.registry import local_folder

        return stored_reference(local_folder(ref)[0])
    from pipelines.models import model_folder, trained_run

    with model_folder(trained_run(ref)) as folder:
        return stored_reference(folder)


def check_files(reference: InputReference, files: Sequence[Path]) -> list[CheckedFile]:
    """Compare the first page of each file with what a model learned from; files that cannot be read are left out."""
    found = []
    for file in files:
        try:
            image = without_databar(to_grey(read_micrograph(file)))
        except UserError:
            # The prediction says what is wrong with it.
            continue
        found.append(CheckedFile(file, reference.check(image.pixels[..., 0])))
    return found


def warning_of(ref: ModelRef, opened: Path, bar_rows: int) -> str:
    """Say how an opened image is unlike what a model learned from; empty if it is not, or nobody can tell.

    Args:
        ref: The model.
        opened: A file that the viewer shows, and that is therefore not read again.
        bar_rows: How many rows at its bottom are the data bar.

    Raises:
        UserError: There is no such model, or the file cannot be read.
    """
    reference = reference_of(ref)
    if reference is None:
        return ""
    codes = open_image(opened).levels[0]
    check = reference.check(codes[: codes.shape[0] - bar_rows].astype(np.float32))
    return check.warning if check else ""


def first_files(place: Path) -> list[Path]:
    """List the first images at a place, at most 12."""
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    images = [file for file in files if file.is_file() and file.suffix.lower() in readable_suffixes()]
    return images[:MOST_FILES]
