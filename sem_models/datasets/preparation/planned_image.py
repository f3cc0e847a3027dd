"""One file of a preparation: what every step of the plan speaks about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Resampled, Split
from sem_models.images.databar import DataBar


@dataclass(frozen=True)
class PlannedImage:
    """One page of one raw file and what would become of it."""

    path: Path
    page: int
    source: str
    role: Role
    sample: str
    """Images of one sample (a pair, an image and its mask) share it."""
    group: str
    split: Split
    databar: DataBar
    shape: tuple[int, int, int]
    dtype: str
    pixel_size_nm: float | None
    sha256: str
    resampled: Resampled | None = None
    """Set once it is."""
    labels: Mapping[int, int] = field(default_factory=dict)
    """Of a mask: pixels by raw value."""
    part: int = 0
    """Place in a stack: 0 for RAW, then the folders of further inputs."""
    parts: tuple["PlannedImage", ...] = ()
    """All files of a stack, this one first; empty where the file stands alone. `shape` counts all their channels."""
