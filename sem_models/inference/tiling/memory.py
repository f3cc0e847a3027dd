"""How much memory a model takes for each pixel, measured on a small piece of the image."""

import weakref
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sem_models.inference.model import UnitModel
from sem_models.inference.tiling.plan import Span
from sem_models.inference.tiling.tiles import OutOfMemory, TileSource, run_batch
from sem_models.memory import available_bytes

_PIECE_ROWS, _PIECE_COLUMNS = 512, 16
"""High, because some networks compute in strips of rows."""
_SMALLEST = 256
_MOST_BYTES = 8 * 10**9
_SCRATCH = 1.8
"""Memory of a process over that of its tensors: convolutions also need some of their own. 0.9 to 1.8 was measured."""


def memory_budget(device: torch.device) -> int:
    """Return how many bytes the tiles of one image may take: a quarter of the free memory, at most 8 GB."""
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else available_bytes()
    return int(min(free / 4, _MOST_BYTES))


def pixels_that_fit(model: UnitModel, source: TileSource, device: torch.device, budget: int) -> int:
    """Return how many input pixels may go through the model at once, at least those of a tile of 256 px with its halo.

    Smaller tiles would consist of halos; whether there is memory even for these will show.

    Args:
        model: A model on `device`.
        source: The image, of which one piece is computed.
        device: Where the model is.
        budget: Memory in bytes.
    """
    facts = model.capabilities
    smallest = (_SMALLEST + 2 * facts.halo) ** 2
    rows, columns = (-(-edge // facts.size_multiple) * facts.size_multiple for edge in (_PIECE_ROWS, _PIECE_COLUMNS))
    piece = source.tile(Span(0, rows), Span(0, columns))[None]
    try:
        with LiveBytes() as live:
            run_batch(model, piece, device)
    except OutOfMemory:
        return smallest
    return max(smallest, int(budget * rows * columns / (_SCRATCH * max(live.peak, 1))))


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that were made inside the block and are alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        """Largest number of bytes that were alive at once."""
        self._now = 0
        self._known: set[int] = set()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: otherwise PyTorch imports its compiler, for seconds, before it calls the method below."""
        return False

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **kwargs or {})
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self._add(leaf.untyped_storage())
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self._now += size
        self.peak = max(self.peak, self._now)
        weakref.finalize(storage, self._remove, key, size)

    def _remove(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._now -= size
