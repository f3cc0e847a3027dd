"""The dataset manifest: the contents of a dataset, their sources and their splits."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.intensity import RoleLimits, TypeLimits
from sem_models.datasets.kinds import LAYOUTS, Kind, Layout, Role
from sem_models.images.facts import Fact

Split = Literal["train", "val", "test"]
WarpModel = Literal["translation", "rigid", "affine"]
Register = Literal["none", "shift", "translation", "rigid", "affine"]
"""Registration of pairs: none, cropping by whole pixels (shift), or warping the input with one of the models."""
Matrix = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Maps (row, column, 1) of a target to (row, column) of its input, each in its own pixels before anything was cut."""


class Part(Frozen):
    """One of the files that an input was assembled from."""

    source: str
    sha256: str
    """SHA-256 of the raw file."""
    channels: int
    """Number of its channels, which follow those of the parts before it."""
    databar_rows: int
    intensity: tuple[float, float]
    """Intensity limits of these channels, as raw values."""


class Resampled(Frozen):
    """How an array was resampled to the pixel size of its dataset."""

    from_nm: float
    """Pixel size of the raw image."""
    factor: float
    """New pixels per raw pixel along an edge; below 1 for a reduction."""


class StoredArray(Frozen):
    """One `.npy` file of a dataset and the source file that it was cut from."""

    role: Role
    """`image` in single datasets; `input` and `target` in paired ones; `image` and `mask` in masked ones. An entry of
    an unpaired dataset has either `input`, for the first domain, or `target`, for the second."""
    file: str
    """Path relative to the dataset folder."""
    source: str
    """Name of the raw file, with `#page` if the file has several pages."""
    sha256: str
    """SHA-256 of the raw file."""
    shape: tuple[int, int, int]
    dtype: str
    pixel_size_nm: float | None
    databar_rows: int
    """Number of rows cut off at the bottom."""
    databar_found_by: Literal["none", "metadata", "detection", "manual"]
    intensity: tuple[float, float]
    """Intensity limits, as raw values: (0, 255) for 8 bit, otherwise robust limits of all training images of this role
    and data type together. Limits of the image alone in datasets of versions before 0.2, and where no training image
    has its data type. (0, 1) for masks, whose values are class indices."""
    metadata: dict[str, Fact] = Field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    """The files that the channels come from, if there are several: the file named above first, to which `intensity`
    belongs."""
    resampled: Resampled | None = None
    """None: not resampled, so that `pixel_size_nm` is that of the raw image."""

    @property
    def part_channels(self) -> tuple[int, ...]:
        """Number of channels of each part; empty if all channels come from one file."""
        return tuple(part.channels for part in self.parts)

    @property
    def part_intensities(self) -> tuple[tuple[float, float], ...]:
        """The intensity limits of each part; a single pair if all channels come from one file."""
        return tuple(part.intensity for part in self.parts) or (self.intensity,)

    @property
    def limits(self) -> TypeLimits:
        """The intensity limits, with the data type that they belong to."""
        return TypeLimits(dtype=self.dtype, parts=self.part_intensities)


class Warp(Frozen):
    """How an input was interpolated onto the grid of its target."""

    model: WarpModel
    matrix: Matrix
    """In px of the files. If the pair was resampled first, as its pixel sizes differ, the matrix is in px of the
    resampled images before they were cropped."""


class Residual(Frozen):
    """The shift that remains between input and target, measured over blocks and independently of the registration."""

    median_px: float
    p95_px: float
    """95th percentile over the blocks."""
    median_nm: float | None
    """None if the pixel size is unknown."""
    p95_nm: float | None
    blocks: int
    """Number of blocks that could be measured."""


class Entry(Frozen):
    """One sample: a micrograph, a pair, or an image with its mask."""

    name: str
    group: str
    """Specimen, subject or section; never divided between splits."""
    split: Split
    arrays: tuple[StoredArray, ...]
    group_by_name: str | None = None
    """Group that the file name gives, if it was joined to `group` because images of both show the same field."""
    shift_px: tuple[float, float] | None = None
    """Shift (rows, columns) of the target relative to the input, in px of the target, by phase correlation; None if not
    paired."""
    shift_applied: bool = False
    """Whether both images were cropped by that shift, rounded to whole pixels."""
    warp: Warp | None = None
    """Warp of the input, if it was registered by mutual information."""
    residual: Residual | None = None
    """Residual of the stored pair; None if it could not be measured."""
    residual_before: Residual | None = None
    """Residual of the pair before registration; None if it was not registered or the residual could not be measured."""

    def has(self, role: Role) -> bool:
        """Return whether there is an array of that role. Entries of unpaired datasets have only one role."""
        return any(stored.role == role for stored in self.arrays)

    def array(self, role: Role) -> StoredArray:
        """Return the stored array of that role.

        Raises:
            KeyError: The entry has no array of that role.
        """
        for stored in self.arrays:
            if stored.role == role:
                return stored
        raise KeyError(role)


class Skipped(Frozen):
    """A raw file that was not used, and the reason in one line."""

    source: str
    reason: str


class Manifest(Frozen):
    """The description of a dataset: everything except the pixels."""

    version: Literal[1] = 1
    name: str
    kind: Kind
    group_by: str
    """Regular expression that extracted the group from the file name."""
    seed: int
    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()
    label_values: tuple[int, ...] = ()
    """Masked datasets: the raw value of each class, ascending. The stored masks contain indices into this tuple."""
    target_group_by: str | None = None
    """Regular expression for the second domain of an unpaired dataset; None: the same as `group_by`."""
    test_groups: str | None = None
    """Regular expression for the groups of the test split; None: they were drawn with `seed`."""

    @property
    def layout(self) -> Layout:
        """The images that each sample consists of."""
        return LAYOUTS[self.kind]

    def limits(self, role: Role) -> RoleLimits:
        """Return the intensity limits that all training images of a role share, one item for each data type.

        Empty where they share none: each image of an early dataset has its own, and some roles have no images.
        """
        trained = [entry.array(role) for entry in self.entries if entry.split == "train" and entry.has(role)]
        shared = tuple(dict.fromkeys(stored.limits for stored in trained))
        return shared if len({own.dtype for own in shared}) == len(shared) else ()
