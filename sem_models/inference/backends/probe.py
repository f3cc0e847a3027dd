"""Which backend is fastest for a network on this machine, measured on a small tile of noise."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TypeVar

import numpy as np
import psutil
import torch

from sem_models.config.backend import BackendName
from sem_models.inference.backends.base import Backend, Compiled, Tiles, Turns, Unusable, difference
from sem_models.inference.backends.graph import Shape, graph_of, import_exporter
from sem_models.inference.backends.record import Record, machine
from sem_models.inference.model import RestorationModel

LARGEST_DIFFERENCE = 1e-5
"""Of a backend from PyTorch, as a fraction of the range of the output. In 32 bit 1e-7 to 1e-6 was measured."""
_EDGE, _LARGEST_EDGE = 192, 640
"""Of a tile of noise without its halo, in px."""
_TYPICAL_S = 0.5
"""What PyTorch should need for the tile that is measured: in a small one all features fit into the caches."""
_ROUNDS = 3
_T = TypeVar("_T")
_Clock = Callable[[], float]
"""Seconds since some moment."""


def probe(model: RestorationModel, eager: Compiled, backends: Sequence[Backend], turns: Turns | None = None) -> Record:
    """Compare backends with PyTorch, first in their output, then in time, in turns so that all see the same machine.

    Args:
        model: On the CPU.
        eager: The model as PyTorch runs it, from tiles to output.
        backends: All that may be used.
        turns: Entered for the export, during which a network computes nothing else, and for each tile; others may
            compute in between.
    """
    turns = turns or nullcontext()
    clock = _clock()
    tile = _typical_tile(model, eager, clock, turns)
    start, refused, runs = clock(), dict[BackendName, str](), dict[BackendName, Compiled]()
    import_exporter()
    with turns:
        graph = _graph(model, tile, backends, refused)
    export_s, compile_s = clock() - start, 0.0
    with turns:
        expected = guarded(eager, tile)
    for backend in backends if graph else ():
        start = clock()
        try:
            run = compiled(backend, graph)
            compile_s = max(compile_s, clock() - start)
            with turns:
                found = guarded(run, tile)
            require_agreement(found, expected, LARGEST_DIFFERENCE)
            runs[backend.name] = run
        except Unusable as error:
            refused[backend.name] = str(error)
    seconds = _in_turns({"torch": eager, **runs}, tile, clock, turns)
    return Record(
        machine=machine(),
        network=model.recipe.name,
        pixels=tile.shape[2] * tile.shape[3],
        torch_s=seconds.pop("torch"),
        backends_s=seconds,
        refused=refused,
        export_s=export_s,
        compile_s=compile_s,
    )


def _graph(model: RestorationModel, tile: Tiles, backends: Sequence[Backend], refused: dict[BackendName, str]) -> bytes:
    """Return the graph for this tile; empty if there is none, and every backend is refused."""
    try:
        return graph_of(model, shape_of(tile))
    except Unusable as error:
        refused |= {backend.name: str(error) for backend in backends}
        return b""


def _in_turns(
    runs: Mapping[BackendName, Compiled], tile: Tiles, clock: _Clock, turns: Turns
) -> dict[BackendName, float]:
    """Return the fewest seconds of each in several rounds."""
    seconds: dict[BackendName, list[float]] = {name: [] for name in runs}
    for _ in range(_ROUNDS):
        for name, run in runs.items():
            with turns:
                start = clock()
                guarded(run, tile)
                seconds[name].append(clock() - start)
    return {name: min(found) for name, found in seconds.items()}


def _clock() -> _Clock:
    """Return the clock, or that of the processor for each thread where others wait for the processors as well.

    What is found is kept, and must not depend on what ran beside it. On an idle machine the plain clock also tells how
    well the threads of a backend share the work.
    """
    threads = torch.get_num_threads()
    busy = psutil.getloadavg()[0] > (os.cpu_count() or 1)
    return (lambda: time.process_time() / threads) if busy else time.perf_counter


def _typical_tile(model: RestorationModel, eager: Compiled, clock: _Clock, turns: Turns) -> Tiles:
    """Return noise that is as large as the time for the measurement allows."""
    small = noise_tile(model)
    with turns:
        guarded(eager, small)
        start = clock()
        guarded(eager, small)
        needed_s = clock() - start
    factor = (_TYPICAL_S / max(needed_s, 1e-3)) ** 0.5
    return noise_tile(model, min(max(int(_EDGE * factor), _EDGE), _LARGEST_EDGE))


def noise_tile(model: RestorationModel, edge_px: int | None = None) -> Tiles:
    """Return (1, C, H, W) uniform noise in [0, 1] with room for the halo of the model."""
    facts = model.capabilities
    edge = -(-((edge_px or _EDGE) + facts.halo) // facts.size_multiple) * facts.size_multiple
    return np.random.default_rng(0).random((1, facts.channels_in, edge, edge), np.float32)


def shape_of(tiles: Tiles) -> Shape:
    """Return channels, height and width."""
    _, channels, height, width = tiles.shape
    return channels, height, width


def compiled(backend: Backend, graph: bytes) -> Compiled:
    """Compile a graph with as many threads as PyTorch uses; raises `Unusable` whatever goes wrong."""
    backend.version()
    return _refusing(lambda: backend.compile(graph, torch.get_num_threads()))


def guarded(run: Compiled, tiles: Tiles) -> Tiles:
    """Run a compiled network; raises `Unusable` whatever goes wrong."""
    return _refusing(lambda: run(tiles))


def require_agreement(found: Tiles, expected: Tiles, largest: float) -> None:
    """Raise `Unusable` if an output differs by more than this fraction of the range of the expected one."""
    found_difference = difference(found, expected)
    if not found_difference <= largest:
        raise Unusable(f"its output differs from that of PyTorch by {found_difference:.1e} of its range")


def _refusing(work: Callable[[], _T]) -> _T:
    try:
        return work()
    except Unusable:
        raise
    # A foreign library may raise anything, and PyTorch can always take over.
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise Unusable(f"it failed: {lines[0]}") from error
