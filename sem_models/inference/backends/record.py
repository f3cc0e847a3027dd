"""What was measured about the backends for one network on this machine, kept between processes."""

import hashlib
import platform
from collections.abc import Callable
from pathlib import Path

import torch
from pydantic import Field, ValidationError

from sem_models.config.backend import BackendName
from sem_models.config.frozen import Frozen
from sem_models.images.io.partial import write_cached
from sem_models.images.provenance import SOFTWARE
from sem_models.inference.backends.base import Unusable
from sem_models.inference.backends.cache import cache_folder
from sem_models.inference.backends.graph import exporters, structure
from sem_models.inference.backends.table import BACKENDS
from sem_models.inference.model import RestorationModel

_FASTER = 1.1
"""How many times as fast as PyTorch a backend must be to be chosen."""


class Record(Frozen):
    """Seconds that a small tile took."""

    machine: str
    network: str
    pixels: int = Field(gt=0)
    """Of the tile."""
    torch_s: float = Field(gt=0)
    backends_s: dict[BackendName, float]
    """Only those whose output agreed with that of PyTorch."""
    refused: dict[BackendName, str]
    """Why the others are not used."""
    export_s: float = Field(ge=0)
    """Seconds that it took to export the network."""
    compile_s: float = Field(ge=0)
    """Seconds that the slowest of them took to compile it."""

    @property
    def best(self) -> BackendName:
        """The fastest; `torch` unless another is clearly faster."""
        found = min(self.backends_s, key=lambda name: self.backends_s[name], default=None)
        return found if found and self.backends_s[found] * _FASTER < self.torch_s else "torch"

    @property
    def saved(self) -> float:
        """The fraction of the time of PyTorch that the best saves."""
        return 0.0 if self.best == "torch" else 1 - self.backends_s[self.best] / self.torch_s


def machine() -> str:
    """Describe what the speed depends on besides the network: processor, threads, and versions of all programs."""
    versions = [f"torch {torch.__version__}", _known(exporters)]
    versions += [f"{backend.name} {_known(backend.version)}" for backend in BACKENDS]
    return ", ".join([_processor(), f"{torch.get_num_threads()} threads", *versions, SOFTWARE])


def recall(model: RestorationModel) -> Record | None:
    """Return what was measured for networks like this on machines like this; None if nothing was."""
    try:
        found = Record.model_validate_json(_file(model).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.machine == machine() else None


def remember(model: RestorationModel, record: Record) -> None:
    """Keep what was measured."""
    write_cached(_file(model), record.model_dump_json(indent=1).encode())


def _file(model: RestorationModel) -> Path:
    digest = hashlib.sha256(f"{structure(model)} {machine()}".encode()).hexdigest()
    return cache_folder() / "backends" / f"{digest[:32]}.json"


def _known(state: Callable[[], str]) -> str:
    try:
        return state()
    except Unusable as error:
        return str(error)


def _processor() -> str:
    """Return the model of the processor and the widest instructions that PyTorch uses on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name} {torch.backends.cpu.get_cpu_capability()}"
