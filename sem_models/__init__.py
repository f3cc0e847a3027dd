"""SEM Workbench: restoration of electron micrographs with PyTorch, free of web and experiment-tracking code.

The functions listed here are loaded on first use, so that importing the package does not import PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sem_models.version import __version__

if TYPE_CHECKING:
    from sem_models.api import evaluate, load_model, read_micrograph, restore, write_micrograph
    from sem_models.images.micrograph import Micrograph

_LAZY = ("Micrograph", "evaluate", "load_model", "read_micrograph", "restore", "write_micrograph")
__all__ = ["Micrograph", "__version__", "evaluate", "load_model", "read_micrograph", "restore", "write_micrograph"]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("sem_models.api"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
