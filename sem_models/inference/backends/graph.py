"""A model as an ONNX graph for tiles of one shape. Graphs are kept without weights, because to export takes seconds."""

import contextlib
import hashlib
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sem_models.images.io.partial import write_cached
from sem_models.images.provenance import SOFTWARE
from sem_models.inference.backends.base import Unusable
from sem_models.inference.backends.cache import cache_folder
from sem_models.inference.model import RestorationModel

_OPSET = 18
_EXPORTERS = ("torch", "onnx", "onnxscript")
_PARTS_OF_NO_STRUCTURE = frozenset(
    {"recipe", "network", "name", "direction", "run_id", "note", "learned", "doubt", "halo"}
)
Shape = tuple[int, int, int]
"""Channels, height and width of a tile."""


def structure(model: RestorationModel) -> str:
    """Describe everything that decides what a model computes, except for the weights of its network."""
    own = {part.name: getattr(model, part.name) for part in fields(model) if part.name not in _PARTS_OF_NO_STRUCTURE}
    return f"{type(model).__name__} {model.recipe.network!r} {own!r}"


def exporters() -> str:
    """Return the versions of the packages that export networks; raises `Unusable` if one is missing."""
    try:
        return ", ".join(f"{name} {version(name)}" for name in _EXPORTERS)
    except PackageNotFoundError as error:
        raise Unusable(f"the package {error.name} is not installed, which exports networks") from error


def import_exporter() -> None:
    """Import what exports networks, which takes seconds, as far as it is installed."""
    with contextlib.suppress(ImportError):
        import onnxscript  # noqa: F401
        import torch._dynamo  # noqa: F401


def graph_file(model: RestorationModel, shape: Shape) -> Path:
    """Return where the graph of a model without its weights is kept."""
    text = repr((structure(model), shape, exporters(), SOFTWARE))
    return cache_folder() / "graphs" / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.onnx"


def graph_of(model: RestorationModel, shape: Shape) -> bytes:
    """Return the ONNX graph of a model for one tile of this shape, with its weights.

    Raises:
        Unusable: The packages that export are missing, or the network cannot be exported.
    """
    path, weights = graph_file(model, shape), _weights(model)
    try:
        return _filled(path.read_bytes(), weights)
    except (OSError, _Foreign):
        whole, graph = _exported(model, shape, weights)
        write_cached(path, graph)
        return whole


class _Foreign(Exception):
    """A kept graph is damaged, or does not belong to these weights."""


class _Whole(nn.Module):
    """A model as a module, with what it does before and after its network."""

    def __init__(self, model: RestorationModel) -> None:
        super().__init__()
        self.network, self._model = model.network, model

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self._model(x)
        return result


def _weights(model: RestorationModel) -> dict[str, Tensor]:
    return {f"network.{name}": tensor for name, tensor in model.network.state_dict().items()}


def _exported(model: RestorationModel, shape: Shape, weights: Mapping[str, Tensor]) -> tuple[bytes, bytes]:
    """Return the graph with and without its weights."""
    import onnx

    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings(action="ignore"):
        path = Path(place) / "graph.onnx"
        # Not optimised here: that would merge weights into others, and each backend optimises for itself.
        options: dict[str, Any] = {"dynamo": True, "optimize": False, "external_data": False, "verbose": False}
        names: dict[str, Any] = {"input_names": ["image"], "output_names": ["restored"], "opset_version": _OPSET}
        try:
            torch.onnx.export(_Whole(model).eval(), (torch.rand(1, *shape),), str(path), **names, **options)
        except Exception as error:
            raise Unusable(f"the network cannot be exported: {_first_line(error)}") from error
        content = onnx.load(path)
    _forget_source(content.graph)
    whole: bytes = content.SerializeToString()
    for tensor in content.graph.initializer:
        if tensor.name in weights:
            tensor.ClearField("raw_data")
    return whole, content.SerializeToString()


def _forget_source(graph: Any) -> None:
    """Remove what only readers of a graph need: most of it would be the lines of code that each node comes from."""
    for node in graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    graph.ClearField("value_info")


def _filled(graph: bytes, weights: Mapping[str, Tensor]) -> bytes:
    """Put weights into a graph without any."""
    content = _parsed(graph)
    for tensor in content.graph.initializer:
        if tensor.name in weights:
            weight = weights[tensor.name]
            if tuple(tensor.dims) != tuple(weight.shape):
                raise _Foreign
            tensor.raw_data = weight.detach().cpu().contiguous().numpy().tobytes()
        elif not tensor.raw_data and 0 not in tensor.dims:
            raise _Foreign
    filled: bytes = content.SerializeToString()
    return filled


def _parsed(graph: bytes) -> Any:
    import onnx

    try:
        return onnx.load_model_from_string(graph)
    # Protocol buffers raise an error of their own, whose module has no stubs.
    except Exception as error:
        raise _Foreign from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
