"""The micrograph: pixels in their native data type, with their physical scale and acquisition facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from sem_models.images.facts import Fact, acquisition_facts
from sem_models.images.provenance import ProcessingStep

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Micrograph:
    """One image as recorded by a microscope, or the result of processing it."""

    pixels: Pixels
    """(H, W, C) in the native dtype: uint8, uint16, uint32 or float32. The dtype is never changed silently."""
    pixel_size_nm: float | None = None
    """Width of a pixel in nm, which is also its height if `pixel_aspect` is 1; None if unknown."""
    metadata: Mapping[str, Fact] = field(default_factory=dict)
    """Facts about the acquisition, named as in `sem_models.images.facts.FACTS`."""
    source: str = ""
    """Name of the file it came from, with `#page` if the file has several pages."""
    parts: tuple[int, ...] = ()
    """Number of channels from each file, if the image was assembled from several files."""

    history: tuple[ProcessingStep, ...] = ()
    """Processing steps since the recording, oldest first; empty for an image as the instrument wrote it."""
    sha256: str = ""
    """SHA-256 of the file that it was read from; empty if it was not computed."""
    pixel_aspect: float = 1.0
    """Height of a pixel divided by its width. Images are never stretched, so results have that of their input."""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3:
            raise ValueError(f"pixels must have shape (H, W, C), not {self.pixels.shape}")

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        """Number of channels, 1 for an ordinary micrograph."""
        return int(self.pixels.shape[2])

    @property
    def scale_warning(self) -> str:
        """What to know about distances if the pixels are not square; empty if they are."""
        if self.pixel_aspect == 1 or not self.pixel_size_nm:
            return ""
        width, height = self.pixel_size_nm, self.pixel_size_nm * self.pixel_aspect
        share, wrong = abs(1 / self.pixel_aspect - 1), "short" if height > width else "long"
        return (
            f"pixels are {width:.4g} nm wide but {height:.4g} nm high: {width:.4g} nm is used for both directions, so "
            f"distances along y come out {share:.0%} too {wrong}"
        )

    @property
    def provenance(self) -> str:
        """The last processing step in one sentence; empty for an image as the instrument wrote it."""
        return str(self.history[-1]) if self.history else ""

    def with_pixels(self, pixels: Pixels) -> "Micrograph":
        """Return the same micrograph with other pixels."""
        return replace(self, pixels=pixels)

    def processed(self, pixels: Pixels, step: ProcessingStep, scale: int = 1) -> "Micrograph":
        """Return the result of a processing step, with the step appended to the history.

        Restored images and label maps keep the acquisition facts. A translated or synthetic image shows something that
        no detector recorded, so there the facts are moved into the step.

        Args:
            pixels: Pixels of the result, (H, W, C).
            step: The step, without its input, which is filled in here.
            scale: Pixels of the result per pixel of this image, along an edge.
        """
        facts = acquisition_facts(self.metadata)
        kept = step.origin.shows_what_was_recorded
        origin = {"input": self.source, "input_sha256": self.sha256, "input_facts": {} if kept else facts}
        return replace(
            self,
            pixels=pixels,
            pixel_size_nm=self.pixel_size_nm / scale if self.pixel_size_nm else None,
            metadata=facts if kept else {},
            parts=(),
            history=(*self.history, step.model_copy(update=origin)),
            sha256="",
        )
