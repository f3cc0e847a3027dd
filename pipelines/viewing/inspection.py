"""Use case: what a file says about itself and what its pixels show, for somebody who has just opened it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.viewing.files import fingerprint, open_image, pyramid_of
from sem_models.images.channels import to_grey
from sem_models.images.facts import Fact
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph

if TYPE_CHECKING:
    from sem_models.evaluation.recording_quality import RecordingQuality
    from sem_models.images.databar import DataBar


@dataclass(frozen=True)
class FileFacts:
    """What a file states about its first image."""

    name: str
    height: int
    width: int
    dtype: str
    channels: int
    """Number of channels that differ: 1 for a grey image, however it was stored."""
    pixel_size_nm: float | None
    scale_warning: str
    metadata: Mapping[str, Fact]
    provenance: str
    """The last processing step, if the workbench or a simulator wrote the file."""


@dataclass(frozen=True)
class Inspection:
    """What the pixels show."""

    databar: "DataBar"
    quality: "RecordingQuality | None"
    """None for images in true colour, in which no noise of a detector can be measured."""


def read_facts(path: Path) -> FileFacts:
    """Read the first image of a file, and keep it ready for the viewer, so that it is read only once.

    Raises:
        UserError: The file cannot be read.
    """
    image = to_grey(read_micrograph(path))
    pyramid_of(path, image)
    return FileFacts(
        name=path.name,
        height=image.height,
        width=image.width,
        dtype=str(image.pixels.dtype),
        channels=image.channels,
        pixel_size_nm=image.pixel_size_nm,
        scale_warning=image.scale_warning,
        metadata=dict(image.metadata),
        provenance=image.provenance,
    )


def inspect(path: Path, facts: FileFacts) -> Inspection:
    """Find the data bar of the first image, and measure what lies above it, in the grey codes that the viewer shows.

    Raises:
        UserError: The file cannot be read.
    """
    from sem_models.evaluation.recording_quality import recording_quality  # SciPy, which the first page does without
    from sem_models.images.databar import find_databar

    codes = open_image(path).levels[0]
    bar = find_databar(Micrograph(codes[..., None], metadata=facts.metadata, source=facts.name))
    specimen = codes[: facts.height - bar.rows]
    return Inspection(bar, recording_quality(specimen) if facts.channels == 1 else None)


def content_key(path: Path) -> str:
    """Name a file with its content, for what is remembered about it.

    Raises:
        UserError: There is no such file.
    """
    try:
        return fingerprint(path)
    except OSError:
        read_micrograph(path)  # says in one sentence what is wrong
        raise
