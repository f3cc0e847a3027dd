"""The micrograph: pixels in their native type with their physical scale and acquisition facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from sem_models.images.facts import Fact, acquisition_facts
from sem_models.images.provenance import ProcessingStep

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Micrograph:
    """One image as the microscope recorded it, or what was made of it since."""

    pixels: Pixels
    """(H, W, C), native dtype: uint8, uint16, uint32 or float32; never converted silently."""
    pixel_size_nm: float | None = None
    """Edge of a square pixel in nm; None where the file does not say."""
    metadata: Mapping[str, Fact] = field(default_factory=dict)
    """What is known of the acquisition, by the names in `sem_models.images.facts.FACTS`."""
    source: str = ""
    """Where it came from: file name, with `#page` for one page of several."""
    parts: tuple[int, ...] = ()
    """How many channels each file gave, where it was assembled from several."""

    history: tuple[ProcessingStep, ...] = ()
    """What was done since it was recorded, the first step first; empty for an image as the instrument wrote it."""
    sha256: str = ""
    """Of the file it was read from, where somebody asked for it."""

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

    @property
    def provenance(self) -> str:
        """The last step in one sentence; empty for an image as the instrument wrote it."""
        return str(self.history[-1]) if self.history else ""

    def with_pixels(self, pixels: Pixels) -> "Micrograph":
        """The same micrograph with other pixels."""
        return replace(self, pixels=pixels)

    def processed(self, pixels: Pixels, step: ProcessingStep, scale: int = 1) -> "Micrograph":
        """What a step made of this image: another link in its history, and the facts that still hold.

        A translated or synthetic image shows what no detector saw: facts of the acquisition go into the step.

        Args:
            pixels: (H, W, C) of the result.
            step: What was done, without its input.
            scale: Pixels of the result for one of this image, along an edge.
        """
        facts = acquisition_facts(self.metadata)
        kept = step.origin.shows_what_was_recorded
        told = {"input": self.source, "input_sha256": self.sha256, "input_facts": {} if kept else facts}
        return replace(
            self,
            pixels=pixels,
            pixel_size_nm=self.pixel_size_nm / scale if self.pixel_size_nm else None,
            metadata=facts if kept else {},
            parts=(),
            history=(*self.history, step.model_copy(update=told)),
            sha256="",
        )
