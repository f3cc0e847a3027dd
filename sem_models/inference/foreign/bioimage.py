"""A BioImage.IO package as a model of ours: its ONNX graph and processing, checked with its own test images.

Other weights of a package are not run: those of PyTorch come with a program of their own, and TorchScript is one.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.config.intensity import IntensityLimits
from sem_models.config.networks.onnx_graph import OnnxGraphConfig
from sem_models.errors import UserError
from sem_models.inference.foreign.model import ForeignModel
from sem_models.inference.foreign.package_facts import halo_of, processing_of, scale_of, sizes_of
from sem_models.inference.foreign.tile_rule import measure_tile_rule
from sem_models.networks.onnx_graph import OnnxGraph

if TYPE_CHECKING:
    from bioimageio.spec.model import v0_5 as spec

LARGEST_DIFFERENCE = 1e-4
"""From the test output in the package, as a fraction of its span, at least 1."""
_AXES = ("batch", "channel", "y", "x")


def read_package(path: Path) -> ForeignModel:
    """Read a package (.zip) whose network maps one grey image to one grey image.

    Raises:
        UserError: The package is damaged, has no ONNX weights, states axes, sizes or processing that cannot be applied
            here, or does not give its own test output.
    """
    package = _open(path)
    given, made = _only(path, package.inputs, "input"), _only(path, package.outputs, "output")
    graph = _graph(path, package)
    before, after, limits = processing_of(path, given, made)
    multiple, least = sizes_of(path, given)
    config = OnnxGraphConfig(
        stored_bytes=len(graph),
        scale=scale_of(path, given, made),
        size_multiple=multiple,
        least_px=least,
        before=before,
        after=after,
    )
    weights = {"graph": torch.frombuffer(bytearray(graph), dtype=torch.uint8)}
    network = OnnxGraph(config)
    network.load_state_dict(weights)
    difference = _difference(path, network, given, made, limits)
    if not difference <= LARGEST_DIFFERENCE:
        raise UserError(
            f"{path}: the network differs by {difference:.1e} from the test output in its package, so nothing was "
            "imported; the package may need a processing step that it does not state."
        )
    halo = None
    if not config.sees_whole_image:
        halo = halo_of(made, config) or measure_tile_rule(network, 1, config.scale, multiple).halo_px
    config = config.model_copy(update={"halo_px": halo})
    licence = str(package.license or "")
    return ForeignModel(config, weights, str(package.name), difference, _note(package), limits, licence)


def _open(path: Path) -> "spec.ModelDescr":
    try:
        from bioimageio.spec import load_model_description
    except ImportError as error:
        raise UserError(f"{path}: BioImage.IO packages need the extra `export`; install it.") from error
    try:
        return load_model_description(path, format_version="latest", perform_io_checks=False)
    except Exception as error:  # the library raises its own errors, those of YAML, of zip files and of pydantic
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"{path} is no readable BioImage.IO model package ({reason}).") from error


def _only(path: Path, tensors: Any, what: str) -> Any:
    if len(tensors) != 1:
        raise UserError(f"{path} has {len(tensors)} {what}s; only networks from one image to one image can be applied.")
    (tensor,) = tensors
    names = tuple(str(axis.id) for axis in tensor.axes)
    if names != _AXES:
        raise UserError(f"{path}: its {what} has the axes {', '.join(names)}; only {', '.join(_AXES)} can be applied.")
    channels = len(tensor.axes[1].channel_names)
    if channels != 1:
        raise UserError(f"{path}: its {what} has {channels} channels; only networks for grey images can be applied.")
    return tensor


def _graph(path: Path, package: "spec.ModelDescr") -> bytes:
    if package.weights.onnx is None:
        others = [name for name, weights in package.weights if weights is not None]
        raise UserError(
            f"{path} has no ONNX weights, only {', '.join(others)}, and these need a program from the package; ask its "
            "authors for ONNX weights."
        )
    return _stored(path, package.weights.onnx)


def _stored(path: Path, file: Any) -> bytes:
    """Read a file in the package; addresses on the internet are not followed."""
    if "://" in str(file.source):
        raise UserError(f"{path} refers to {file.source}; download the complete package.")
    content: bytes = file.get_reader().read()
    return content


def _difference(path: Path, network: OnnxGraph, given: Any, made: Any, limits: IntensityLimits | None) -> float:
    """Compare with the test output of the package."""
    image, expected = (_test_tensor(path, tensor) for tensor in (given, made))
    low, high = limits.input[0].parts[0] if limits else (0.0, 1.0)
    output = network.published(torch.from_numpy(_unit(image, low, high))).numpy()
    low, high = limits.output[0].parts[0] if limits else (0.0, 1.0)
    reference = _unit(expected, low, high)
    if output.shape != reference.shape:
        return float("inf")
    return float(np.abs(output - reference).max() / max(1.0, float(np.ptp(reference))))


def _test_tensor(path: Path, tensor: Any) -> NDArray[Any]:
    content = io.BytesIO(_stored(path, tensor.test_tensor))
    values: NDArray[Any] = np.load(content, allow_pickle=False)
    return values


def _unit(values: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    return ((values.astype(np.float64) - low) / (high - low)).astype(np.float32)


def _note(package: "spec.ModelDescr") -> str:
    authors = ", ".join(author.name for author in package.authors)
    licence = f" Licence: {package.license}." if package.license else ""
    return f"It runs in ONNX Runtime. Authors: {authors}.{licence}"
