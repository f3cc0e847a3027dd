"""The interface of a backend, and how much its output may differ from that of PyTorch."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sem_models.config.backend import BackendName

Tiles = NDArray[np.float32]
"""(N, C, H, W) in unit intensity."""
Compiled = Callable[[Tiles], Tiles]
"""A network for inputs of one shape; returns (N, C', H x scale, W x scale)."""
Turns = AbstractContextManager[object]
"""A lock, which is entered again and again: for the export of a network, and for each tile that is computed."""
LEAST_RANGE = 0.1
"""Output range, in units of the intensity range, that differences are at least related to: a flat tile has none."""


class Unusable(Exception):
    """A backend cannot compute a network here; says why."""


class Backend(Protocol):
    """A program that computes a network given as an ONNX graph."""

    name: BackendName
    title: str
    """As its makers write it."""

    def version(self) -> str:
        """Return its version; raises `Unusable` if it is not installed."""

    def compile(self, graph: bytes, threads: int) -> Compiled:
        """Prepare an ONNX graph of one input `image` and one output, whose shapes are fixed, in 32-bit arithmetic."""


def difference(found: Tiles, expected: Tiles) -> float:
    """Return the largest difference of two outputs as a fraction of the range of the second; NaN and other shapes: inf.

    A range of less than a tenth of the intensity range counts as a tenth.
    """
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - expected).max() / max(float(np.ptp(expected)), LEAST_RANGE))
