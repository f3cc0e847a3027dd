"""A checkpoint of another program as a model of ours: recognised by spandrel, and checked against its forward.

Weights are read by `weights_file`, never by spandrel. Where our own network computes the same, it takes the weights;
all other architectures run in spandrel's code.
"""

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor, nn

from sem_models.config.networks.grey_adapter import GreyAdapterConfig
from sem_models.config.networks.spandrel import SpandrelConfig
from sem_models.config.networks.table import NetworkConfig
from sem_models.errors import UserError
from sem_models.inference.foreign.model import ForeignModel
from sem_models.inference.foreign.native_weights import NativeModel, native_model
from sem_models.inference.foreign.tile_rule import measure_tile_rule
from sem_models.inference.foreign.weights_file import read_weights_file, tensors_of
from sem_models.networks.spandrel import spandrel_package
from sem_models.networks.table import build_network

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor

Descriptor: TypeAlias = "ImageModelDescriptor[nn.Module]"

LARGEST_DIFFERENCE = 1e-5
"""From spandrel's own forward, as a fraction of the span of its output, at least 1."""
_COLOURS = 3
_SIZES = ((48, 64), (32, 80))


def read_checkpoint(path: Path) -> ForeignModel:
    """Read a `.pth`, `.pt`, `.ckpt` or `.safetensors` file of weights for image restoration or super-resolution.

    A network for colour images gets the grey image in all three channels, and the mean of its channels is the output.

    Raises:
        UserError: The file cannot be read safely, spandrel does not know the architecture, it does not map one image to
            one image of as many channels, or its output differs from that of spandrel.
    """
    descriptor = _recognise(path)
    _refuse_other_kinds(path, descriptor)
    found = _converted(descriptor)
    difference = _difference(descriptor, found)
    if not difference <= LARGEST_DIFFERENCE:
        raise UserError(
            f"{path}: the network was rebuilt ({descriptor.architecture.name}), but differs from spandrel's by "
            f"{difference:.1e}, so nothing was imported; report the file to the authors of the workbench."
        )
    return ForeignModel(found.network, found.weights, descriptor.architecture.name, difference, _note(descriptor))


def _recognise(path: Path) -> Descriptor:
    spandrel = spandrel_package()
    state = tensors_of(spandrel.canonicalize_state_dict(read_weights_file(path)))
    try:
        descriptor = spandrel.MAIN_REGISTRY.load(state)
    except spandrel.UnsupportedModelError as error:
        raise UserError(
            f"{path}: spandrel {_version()} does not know the network that these weights belong to; see the list of "
            "architectures in its documentation."
        ) from error
    except Exception as error:  # its architectures reason from names and sizes, and fail in many ways
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(
            f"{path}: the weights look like a known network but do not fit it ({reason}); the file may be incomplete, "
            "or of a variant that spandrel does not know."
        ) from error
    known: Descriptor = descriptor.eval()
    known.model.requires_grad_(False)
    return known


def _note(descriptor: Descriptor) -> str:
    if descriptor.input_channels == 1:
        return "It takes grey images."
    return "It is for colour images: the grey image is given in all three channels, and their mean is the output."


def _version() -> str:
    from importlib.metadata import version

    return version("spandrel")


def _refuse_other_kinds(path: Path, descriptor: Any) -> None:
    name, given, made = descriptor.architecture.name, descriptor.input_channels, descriptor.output_channels
    if use := _OTHER_USES.get(descriptor.purpose):
        raise UserError(f"{path} is a {name} for {use}, which cannot be applied to micrographs; choose another model.")
    if given != made or given not in (1, _COLOURS):
        raise UserError(f"{path} is a {name} from {given} to {made} channels; choose one for grey or RGB images.")


_OTHER_USES = {"Inpainting": "photographs with painted masks", "FaceSR": "faces"}


def _converted(descriptor: Descriptor) -> NativeModel:
    weights = descriptor.model.state_dict()
    arguments = descriptor.model.hyperparameters
    return native_model(descriptor.architecture.id, arguments, weights) or _of_spandrel(descriptor)


def _of_spandrel(descriptor: Descriptor) -> NativeModel:
    """Describe a network so that spandrel can build it again; its tiles are measured."""
    sizes, model = descriptor.size_requirements, descriptor.model
    first = SpandrelConfig(
        architecture=descriptor.architecture.id,
        network=_name_in_package(descriptor),
        arguments=json.dumps(_plain(model.hyperparameters)),
        channels=descriptor.input_channels,
        scale=descriptor.scale,
        size_multiple=sizes.multiple_of,
        least_px=sizes.minimum,
        square=sizes.square,
        half_safe=descriptor.supports_bfloat16,
    )
    weights = {f"network.{name}": weight for name, weight in model.state_dict().items()}
    network = _built(first, weights)
    with torch.inference_mode():
        rule = measure_tile_rule(network, first.channels, first.scale, first.size_multiple)
    config = first.model_copy(update={"size_multiple": rule.size_multiple, "halo_px": rule.halo_px})
    if first.channels == 1:
        return NativeModel(config, weights)
    return NativeModel(GreyAdapterConfig(inner=config), {f"inner.{name}": weight for name, weight in weights.items()})


def _name_in_package(descriptor: Descriptor) -> str:
    """Return the name under which the package of the architecture exports the class of the network."""
    exported = vars(importlib.import_module(type(descriptor.architecture).__module__))
    return next(name for name, thing in exported.items() if thing is type(descriptor.model))


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out arguments that JSON cannot hold, such as classes of layers; the comparison shows if they mattered."""
    return {name: value for name, value in arguments.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _built(config: NetworkConfig, weights: dict[str, Tensor]) -> nn.Module:
    network = build_network(config)
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)


def _difference(descriptor: Descriptor, found: NativeModel) -> float:
    """Compare with spandrel's forward, before it clips to [0, 1], on grey images of sizes that need no padding."""
    network = _built(found.network, found.weights)
    return max(_difference_at(descriptor, network, size) for size in _sizes(descriptor))


def _difference_at(descriptor: Descriptor, network: nn.Module, size: tuple[int, int]) -> float:
    grey = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        colours = grey.expand(-1, descriptor.input_channels, -1, -1)
        expected = descriptor._call_fn(descriptor.model, colours).mean(1, keepdim=True)
        difference = (network(grey) - expected).abs().max()
    return float(difference / max(1.0, float(expected.max() - expected.min())))


def _sizes(descriptor: Descriptor) -> list[tuple[int, int]]:
    """Raise the sizes of the test images to what the network takes."""
    rule = descriptor.size_requirements
    step = rule.multiple_of
    raised = [[-(-max(edge, rule.minimum) // step) * step for edge in size] for size in _SIZES]
    if rule.square:
        raised = [[max(edges)] * 2 for edges in raised]
    return [(height, width) for height, width in raised]
