"""The micrograph: pixels in their native type with their physical scale and acquisition facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

Pixels = NDArray[Any]
Fact = str | int | float


@dataclass(frozen=True)
class Micrograph:
    """One image as the microscope recorded it.

    Facts use these keys where known: `voltage_kv`, `working_distance_mm`, `detector`, `magnification`,
    `instrument`, `image_rows` (rows above the data bar, as the instrument wrote it) and `provenance`
    (which model made the image out of which).
    """

    pixels: Pixels
    """(H, W, C), native dtype: uint8, uint16, uint32 or float32; never converted silently."""
    pixel_size_nm: float | None = None
    """Edge of a square pixel in nm; None where the file does not say."""
    metadata: Mapping[str, Fact] = field(default_factory=dict)
    source: str = ""
    """Where it came from: file name, with `#page` for one page of several."""
    parts: tuple[int, ...] = ()
    """How many channels each file gave, where it was assembled from several."""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3:
            raise ValueError(f"pixels must be (H, W, C), got shape {self.pixels.shape}")

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        """Channels, 1 for an ordinary micrograph."""
        return int(self.pixels.shape[2])

    def with_pixels(self, pixels: Pixels) -> "Micrograph":
        """The same micrograph with other pixels."""
        return replace(self, pixels=pixels)
