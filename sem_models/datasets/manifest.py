"""The dataset manifest: what is in a dataset, where it came from and which split it belongs to."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.intensity import RoleLimits, TypeLimits
from sem_models.datasets.kinds import LAYOUTS, Kind, Layout, Role
from sem_models.images.facts import Fact

Split = Literal["train", "val", "test"]
WarpModel = Literal["translation", "rigid", "affine"]
Register = Literal["none", "shift", "translation", "rigid", "affine"]
"""What is done to pairs: nothing, cropped by whole pixels, or the input warped by one of the models."""
Matrix = tuple[tuple[float, float, float], tuple[float, float, float]]
"""(row, column, 1) of a target to (row, column) of its input, in px of each before anything was cut."""


class Part(Frozen):
    """One of the files that an input was assembled from."""

    source: str
    sha256: str
    """Of the raw file."""
    channels: int
    """How many it gave; they follow those of the parts before it."""
    databar_rows: int
    intensity: tuple[float, float]
    """Raw values that stand for 0 and 1 in these channels."""


class Resampled(Frozen):
    """From which pixel size an array was brought to that of its dataset."""

    from_nm: float
    """Pixel size of the raw image."""
    factor: float
    """New pixels per raw one along an edge: below 1 where it was reduced."""


class StoredArray(Frozen):
    """One `.npy` file of a dataset and the source file that it was cut from."""

    role: Role
    """`image` in single datasets; `input`/`target` in paired ones; in unpaired ones `input` is domain A and
    `target` domain B, one to an entry; `image` and `mask` in masked ones."""
    file: str
    """Relative to the dataset folder."""
    source: str
    """File name of the raw image, with `#page` for a page of several."""
    sha256: str
    """Of the raw file."""
    shape: tuple[int, int, int]
    dtype: str
    pixel_size_nm: float | None
    databar_rows: int
    """Rows cut off at the bottom."""
    databar_found_by: Literal["none", "metadata", "detection", "manual"]
    intensity: tuple[float, float]
    """Raw values that stand for 0 and 1: (0, 255) for 8 bit, otherwise robust limits of the training images of this
    role and type, taken together; of the image alone in datasets of versions before 0.2, and where no training image
    has its type; (0, 1) for masks, whose values are class indices."""
    metadata: dict[str, Fact] = Field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    """Where several files gave the channels: all of them, the one named above first; `intensity` is of that one."""
    resampled: Resampled | None = None
    """None: stored as it was recorded, `pixel_size_nm` is that of the raw image."""

    @property
    def part_channels(self) -> tuple[int, ...]:
        """Channels of each part; empty where one file gave all."""
        return tuple(part.channels for part in self.parts)

    @property
    def part_intensities(self) -> tuple[tuple[float, float], ...]:
        """The raw values for 0 and 1, a pair for each part; one pair where one file gave all."""
        return tuple(part.intensity for part in self.parts) or (self.intensity,)

    @property
    def limits(self) -> TypeLimits:
        """Its intensity limits, with the data type that they belong to."""
        return TypeLimits(dtype=self.dtype, parts=self.part_intensities)


class Warp(Frozen):
    """How an input was interpolated onto the grid of its target."""

    model: WarpModel
    matrix: Matrix
    """In px of the files; in those of the stored arrays where the two were resampled by different factors, or came in
    two sizes: then they were registered after that."""


class Residual(Frozen):
    """What is left between input and target, over blocks of the field, found by other means than what aligned them."""

    median_px: float
    p95_px: float
    """95th percentile over the blocks."""
    median_nm: float | None
    """None where the pixel size is unknown."""
    p95_nm: float | None
    blocks: int
    """Blocks that could be measured."""


class Entry(Frozen):
    """One sample: a micrograph, a pair, or an image with its mask."""

    name: str
    group: str
    """Specimen, subject or section: never divided over splits."""
    split: Split
    arrays: tuple[StoredArray, ...]
    shift_px: tuple[float, float] | None = None
    """Shift (rows, columns) of the target against the input found by phase correlation; None if not paired."""
    shift_applied: bool = False
    """Whether both were cropped by that shift, to whole pixels."""
    warp: Warp | None = None
    """Of the input, where it was registered by mutual information."""
    residual: Residual | None = None
    """Of a pair as it is stored; None where it could not be measured."""
    residual_before: Residual | None = None
    """Of the pair as it came; None where nothing was done to it or it could not be measured."""

    def has(self, role: Role) -> bool:
        """Whether there is an array of that role; entries of unpaired datasets have one role only."""
        return any(stored.role == role for stored in self.arrays)

    def array(self, role: Role) -> StoredArray:
        """The stored array of that role; KeyError where there is none."""
        for stored in self.arrays:
            if stored.role == role:
                return stored
        raise KeyError(role)


class Skipped(Frozen):
    """A raw file that could not be used, and why, in one line."""

    source: str
    reason: str


class Manifest(Frozen):
    """Everything a dataset is, but the pixels."""

    version: Literal[1] = 1
    name: str
    kind: Kind
    group_by: str
    """Regular expression that took the group out of the file name."""
    seed: int
    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()
    label_values: tuple[int, ...] = ()
    """Masked datasets: the raw value of each class, ascending; the stored masks hold indices into it."""
    target_group_by: str | None = None
    """Likewise of the second domain of an unpaired set; None: the same one."""
    test_groups: str | None = None
    """Regular expression of the groups that were named as the test; None: it was dealt by `seed`."""

    @property
    def layout(self) -> Layout:
        """Which images its samples consist of."""
        return LAYOUTS[self.kind]

    def limits(self, role: Role) -> RoleLimits:
        """The intensity limits that all training images of a role share, one item for each data type.

        Empty where they share none: each image of early datasets has its own, and other roles have no images.
        """
        trained = [entry.array(role) for entry in self.entries if entry.split == "train" and entry.has(role)]
        shared = tuple(dict.fromkeys(stored.limits for stored in trained))
        return shared if len({own.dtype for own in shared}) == len(shared) else ()
