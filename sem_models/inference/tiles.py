"""Cutting padded tiles out of an image and running them, halving the tile when memory runs out."""

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.inference.model import UnitModel
from sem_models.inference.planner import Span


class OutOfMemory(Exception):
    """The device could not hold one batch of tiles."""


def cut(image: NDArray[np.float32], rows: Span, columns: Span) -> NDArray[np.float32]:
    """(C, h, w) tile of a (C, H, W) image; what lies beyond its end is a reflection, or a copy of a 1-pixel edge."""
    down = _reflected(rows, image.shape[1])
    right = _reflected(columns, image.shape[2])
    return image[:, down[:, None], right[None, :]]


def _reflected(span: Span, length: int) -> NDArray[np.int64]:
    index = np.arange(span.start, span.start + span.size)
    if length == 1:
        return np.zeros_like(index)
    period = 2 * (length - 1)
    index = np.abs(index) % period
    return np.where(index < length, index, period - index)


def run_batch(model: UnitModel, batch: NDArray[np.float32], device: torch.device) -> NDArray[np.float32]:
    """(N, C, h, w) tiles through the model, back on the host.

    Raises:
        OutOfMemory: The device ran out of memory; its cache has been emptied.
    """
    tensor = torch.from_numpy(batch).to(device)
    if model.capabilities.channels_last:
        tensor = tensor.contiguous(memory_format=torch.channels_last)
    try:
        with torch.inference_mode():
            return model(tensor).float().cpu().numpy()
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
    del tensor
    if device.type == "cuda":
        torch.cuda.empty_cache()
    raise OutOfMemory


def _is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError) or "out of memory" in text or "can't allocate" in text
    )
