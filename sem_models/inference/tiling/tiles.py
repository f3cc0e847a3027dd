"""Cutting padded tiles out of an image and running the model on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.images.intensity import IntensityRange, to_unit
from sem_models.inference.model import UnitModel
from sem_models.inference.tiling.plan import Span


class OutOfMemory(Exception):
    """The device could not hold one batch of tiles."""

    def __init__(self, tiles: int) -> None:
        """Note that the batch had `tiles` tiles: if more than one, a smaller batch may still fit."""
        super().__init__(f"{tiles} tile(s) do not fit")
        self.tiles = tiles


_MESSAGES = ("out of memory", "can't allocate", "not enough memory", "alloc_failed")
"""How CUDA, the allocators of a CPU, and cuBLAS and cuDNN say that memory has run out."""


@dataclass(frozen=True)
class TileSource:
    """An image in its native dtype; tiles become float32 as they are cut out."""

    pixels: NDArray[Any]
    """(C, H, W)."""
    limits: IntensityRange | None
    """Grey levels that become 0 and 1; None if `pixels` are unit intensities already."""

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[1])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[2])

    @property
    def longest(self) -> int:
        """The longer edge."""
        return max(self.height, self.width)

    def tile(self, rows: Span, columns: Span) -> NDArray[np.float32]:
        """Cut out a tile, (C, h, w) in unit intensity."""
        native = cut(self.pixels, rows, columns)
        return native if self.limits is None else to_unit(native, self.limits)


def cut(image: NDArray[Any], rows: Span, columns: Span) -> NDArray[Any]:
    """Cut a (C, h, w) tile out of a (C, H, W) image; beyond its end the image is reflected, a 1-pixel edge repeated."""
    down = _reflected(rows, image.shape[1])
    right = _reflected(columns, image.shape[2])
    return image[:, down[:, None], right[None, :]]


def padded(image: NDArray[Any], multiple: int) -> NDArray[Any]:
    """Reflect (C, H, W) at the lower and right edge until both sizes are multiples of `multiple`."""
    return cut(image, *padded_spans(image.shape[1:], multiple))


def padded_spans(size: Sequence[int], multiple: int) -> tuple[Span, Span]:
    """Return rows and columns of a whole image of this height and width, with the padding that `padded` adds."""
    height, width = (Span(0, -(-length // multiple) * multiple) for length in size)
    return height, width


def _reflected(span: Span, length: int) -> NDArray[np.int64]:
    index = np.arange(span.start, span.start + span.size)
    if length == 1:
        return np.zeros_like(index)
    period = 2 * (length - 1)
    index = np.abs(index) % period
    return np.where(index < length, index, period - index)


def run_batch(model: UnitModel, batch: NDArray[np.float32], device: torch.device) -> NDArray[np.float32]:
    """Apply the model to (N, C, h, w) tiles; returns its output on the CPU, float32.

    Raises:
        OutOfMemory: The device ran out of memory; its cache has been emptied.
    """
    try:
        return _forward(model, batch, device)
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
    # Outside the handler the error is gone, and with its traceback the tensors that it kept alive.
    if device.type == "cuda":
        torch.cuda.empty_cache()
    raise OutOfMemory(len(batch))


@torch.inference_mode()
def _forward(model: UnitModel, batch: NDArray[np.float32], device: torch.device) -> NDArray[np.float32]:
    form = torch.channels_last if model.capabilities.channels_last else torch.contiguous_format
    return model(torch.from_numpy(batch).to(device).contiguous(memory_format=form)).float().cpu().numpy()


def _is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(words in text for words in _MESSAGES)
