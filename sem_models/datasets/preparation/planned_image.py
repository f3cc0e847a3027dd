"""One image of a preparation, which every step of the plan works on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Resampled, Split

if TYPE_CHECKING:
    from sem_models.datasets.splits.fingerprint import Fingerprint
    from sem_models.images.databar import DataBar

Half = Literal["left", "right"]
"""Which half of a page is the image, where two images lie side by side in one file."""


@dataclass(frozen=True)
class PlannedImage:
    """One page of a raw file, and what the plan makes of it."""

    path: Path
    page: int
    source: str
    role: Role
    sample: str
    """Name of the sample, shared by its images (a pair, or an image and its mask)."""
    group: str
    split: Split
    databar: "DataBar"
    shape: tuple[int, int, int]
    dtype: str
    pixel_size_nm: float | None
    sha256: str
    content: str = ""
    """SHA-256 of the pixels, their shape and data type, before the data bar is cut off."""
    fingerprint: "Fingerprint | None" = field(default=None, compare=False, repr=False)
    """By which images of the same field are found; None for masks and once they have been found."""
    picture: bytes = field(default=b"", compare=False, repr=False)
    """The whole page as a small grey WebP picture, see `small_picture`."""
    group_by_name: str | None = None
    """Group that the file name gives, if it is joined to `group` because images of both show the same field."""
    scale_warning: str = ""
    """See `Micrograph.scale_warning`."""
    resampled: Resampled | None = None
    """Set after the image was resampled."""
    mask_levels: int | None = None
    """Number of grey levels of an image that consists of flat areas, as masks do; None for all other images."""
    labels: Mapping[int, int] = field(default_factory=dict)
    """Masks: number of pixels for each raw value."""
    half: Half | None = None
    """None: the image is the whole page."""
    stated_split: Split | None = None
    """Split that the folder of the file names, if the files are arranged so."""
    category: str = ""
    """Category that the folder of the file names, if the files are arranged so. Each is divided among the splits."""
    part: int = 0
    """Position in a stack: 0 for the raw file, then the folders of extra inputs in order."""
    parts: tuple["PlannedImage", ...] = ()
    """All files of a stack, this one first; empty for a single file. `shape` counts the channels of all of them."""
