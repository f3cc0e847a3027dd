"""Running the tiles of a model by the backend that is worth it, or by PyTorch."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from sem_models.config.backend import BackendChoice, BackendName
from sem_models.errors import FieldRef, UserError
from sem_models.inference.backends.base import Backend, Compiled, Tiles, Turns, Unusable
from sem_models.inference.backends.graph import Shape, graph_file, graph_of
from sem_models.inference.backends.probe import compiled, guarded, noise_tile, probe, require_agreement, shape_of
from sem_models.inference.backends.record import Record, recall, remember
from sem_models.inference.backends.table import BACKENDS
from sem_models.inference.halo import EXACT
from sem_models.inference.model import RestorationModel, UnitModel
from sem_models.memory import freed_memory_kept

_LOG = logging.getLogger(__name__)
WORTH_S = 30.0
"""Work of PyTorch, in seconds, from which backends are measured that never were: that takes up to a third of it."""
_LARGEST_DIFFERENCE = 1e-4
"""Between a corner of a tile and PyTorch's output of that corner alone, which lacks what lies beyond the halo."""
_CORNER_PX = 128
_ENOUGH_PX = 2**20
"""Smaller images are not worth even the estimate of their time, unless images of the same size came before."""
_MOST_COMPILED = 2
"""Shapes of tiles for which a compiled network is kept."""


@dataclass
class _Seen:
    """What PyTorch has computed of tiles of one shape."""

    seconds: float = 0.0
    pixels: int = 0


@dataclass
class TileRunner:
    """A model as a function from tiles to output, which changes to a faster backend where that pays.

    PyTorch runs the tiles until the work at hand, or what tiles of the same shape have taken so far, is worth the
    export and the compilation. An output of the backend is compared with PyTorch's before any is used. Whatever goes
    wrong, PyTorch takes over, and `reason` says why.
    """

    model: UnitModel
    eager: Compiled
    """The model as PyTorch runs it."""
    on_cpu: bool
    choice: BackendChoice = "auto"
    turns: Turns | None = None
    """A lock that the caller holds whenever this is used. If given, another thread measures and builds the backend, and
    takes the lock for the export and for one tile at a time. None: the image at hand waits for all of it."""
    reason: str = ""
    """Why PyTorch runs the tiles although another backend could be faster; empty if nothing is known to be."""
    _chosen: dict[Shape, tuple[Backend, Compiled] | None] = field(default_factory=dict)
    """None: PyTorch for good."""
    _seen: dict[Shape, _Seen] = field(default_factory=dict)
    _active: Shape | None = None
    _unchecked: set[Shape] = field(default_factory=set)
    _record: Record | None = None
    _noise_rate: float | None = None
    """Seconds of PyTorch for each pixel of noise."""
    _aside: threading.Thread | None = None

    @property
    def title(self) -> str:
        """The backend of the present image, with its version; empty for PyTorch."""
        chosen = self._chosen.get(self._active) if self._active else None
        return f"{chosen[0].title} {chosen[0].version()}" if chosen else ""

    def prepare(self, shape: Shape, tiles: int, depends_on_image: bool) -> None:
        """Choose the backend for an image.

        Args:
            shape: Channels, height and width of each of its tiles.
            tiles: How many there are.
            depends_on_image: Whether a tile is normalised by statistics of the whole image, which no graph contains.

        Raises:
            UserError: The backend that the user chose cannot be used.
        """
        self._active = None
        if self.choice == "torch" or not isinstance(self.model, RestorationModel):
            return
        if obstacle := self._obstacle(depends_on_image):
            self._give_up(obstacle)
            return
        try:
            if shape not in self._chosen:
                self._settle(self.model, shape, tiles)
        except Unusable as error:
            self._leave(shape, str(error))
        self._active = shape if self._chosen.get(shape) else None

    def __call__(self, tiles: Tiles) -> Tiles:
        """Run (N, C, H, W) tiles; returns (N, C', H x scale, W x scale)."""
        shape = shape_of(tiles)
        chosen = self._chosen.get(shape) if shape == self._active else None
        if chosen is None:
            return self._by_torch(tiles, shape)
        try:
            return self._by(chosen[1], tiles, shape)
        except Unusable as error:
            self._leave(shape, f"{chosen[0].title}: {error}")
            return self._by_torch(tiles, shape)

    def _by_torch(self, tiles: Tiles, shape: Shape) -> Tiles:
        start = time.perf_counter()
        result = self.eager(tiles)
        seen = self._seen.setdefault(shape, _Seen())
        seen.seconds += time.perf_counter() - start
        seen.pixels += len(tiles) * shape[1] * shape[2]
        return result

    def _by(self, run: Compiled, tiles: Tiles, shape: Shape) -> Tiles:
        result = np.concatenate([guarded(run, tiles[index : index + 1]) for index in range(len(tiles))])
        if shape in self._unchecked:
            self._check(tiles[:1], result[:1])
            self._unchecked.discard(shape)
        return result

    def _check(self, tile: Tiles, found: Tiles) -> None:
        """Compare the upper left corner of a tile with PyTorch's output; raises `Unusable` if they differ."""
        facts = self.model.capabilities
        step = facts.size_multiple
        part = -(-(_CORNER_PX + facts.halo) // step) * step
        exact = (facts.halo_error or 0.0) <= EXACT
        if exact and facts.tiling == "supported" and part < min(tile.shape[2:]):
            kept = _CORNER_PX * facts.scale
            expected = self.eager(tile[:, :, :part, :part])[:, :, :kept, :kept]
            found = found[:, :, :kept, :kept]
        else:
            expected = self.eager(tile)
        require_agreement(found, expected, _LARGEST_DIFFERENCE)

    def _obstacle(self, depends_on_image: bool) -> str:
        """Return why no backend is possible; empty if one may be."""
        if not self.on_cpu:
            return "backends are for the CPU"
        if depends_on_image:
            return "the network is normalised by statistics of the whole image, which a graph cannot hold"
        return ""

    def _settle(self, model: RestorationModel, shape: Shape, tiles: int) -> None:
        """Build the backend of the user's choice, or the one that saves more time than it costs, if there is one."""
        if self.choice != "auto":
            self._build(model, shape, self.choice, contextlib.nullcontext())
            return
        if self._aside and self._aside.is_alive():
            return
        self._record = self._record or recall(model)
        expected_s = self._expected_seconds(model, shape, tiles)
        if expected_s >= WORTH_S if self._record is None else self._pays(self._record, model, shape, expected_s):
            self._begin(shape, partial(self._measure_and_build, model, shape, expected_s))

    def _begin(self, shape: Shape, work: Callable[[], None]) -> None:
        if self.turns is None:
            work()
            return

        def aside() -> None:
            # PyTorch goes on whatever happens here, and nobody waits for an exception.
            try:
                with freed_memory_kept():
                    work()
            except Exception as error:
                self._leave(shape, str(error))

        self._aside = threading.Thread(target=aside, name="backends", daemon=True)
        self._aside.start()

    def _measure_and_build(self, model: RestorationModel, shape: Shape, expected_s: float) -> None:
        if self._record is None:
            self._record = probe(model, self.eager, BACKENDS, self.turns)
            remember(model, self._record)
            _LOG.info("Backends for %s: %s", model.name, self._record.model_dump_json(exclude={"machine"}))
        if self._pays(self._record, model, shape, expected_s):
            self._build(model, shape, self._record.best, self.turns or contextlib.nullcontext())

    def _pays(self, record: Record, model: RestorationModel, shape: Shape, expected_s: float) -> bool:
        if record.best == "torch":
            return False
        cost = record.compile_s + (0 if graph_file(model, shape).exists() else record.export_s)
        return record.saved * expected_s > cost

    def _expected_seconds(self, model: RestorationModel, shape: Shape, tiles: int) -> float:
        """Estimate what PyTorch would need for this image, and add what it has needed for tiles of this shape.

        Who has waited for that long is taken to have as much to come.
        """
        seen, pixels = self._seen.get(shape), tiles * shape[1] * shape[2]
        if self._record:
            rate = self._record.torch_s / self._record.pixels
        elif seen:
            rate = seen.seconds / seen.pixels
        elif pixels >= _ENOUGH_PX:
            rate = self._rate_of_noise(model)
        else:
            return 0.0
        return pixels * rate + (seen.seconds if seen else 0.0)

    def _rate_of_noise(self, model: RestorationModel) -> float:
        if self._noise_rate is None:
            tile = noise_tile(model)
            start = time.perf_counter()
            self.eager(tile)
            self._noise_rate = (time.perf_counter() - start) / (tile.shape[2] * tile.shape[3])
        return self._noise_rate

    def _build(self, model: RestorationModel, shape: Shape, name: BackendName, turns: Turns) -> None:
        (backend,) = (known for known in BACKENDS if known.name == name)
        try:
            with turns:
                graph = graph_of(model, shape)
            run = compiled(backend, graph)
        except Unusable as error:
            raise Unusable(f"{backend.title}: {error}") from error
        for old in [known for known, chosen in self._chosen.items() if chosen][: -(_MOST_COMPILED - 1)]:
            del self._chosen[old]
        self._chosen[shape] = backend, run
        self._unchecked.add(shape)

    def _leave(self, shape: Shape, reason: str) -> None:
        """Leave tiles of a shape to PyTorch for good; the kept graph may be to blame."""
        self._chosen.pop(shape, None)
        if isinstance(self.model, RestorationModel):
            with contextlib.suppress(Unusable, OSError):
                graph_file(self.model, shape).unlink(missing_ok=True)
        self._give_up(reason)
        self._chosen[shape] = None

    def _give_up(self, reason: str) -> None:
        """Note why PyTorch computes an image; raises a `UserError` if the user chose otherwise."""
        if self.choice != "auto":
            raise UserError(FieldRef("backend", self.choice), f": {self.model.name}: {reason}; choose auto or torch.")
        if reason != self.reason:
            _LOG.info("%s is computed by PyTorch: %s", self.model.name, reason)
        self.reason = reason
