"""Small networks in spandrel's published code with random weights, and BioImage.IO packages of one convolution."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from sem_models.networks.spandrel import spandrel_package

SWINIR = {"embed_dim": 8, "depths": [2], "num_heads": [2], "window_size": 8, "mlp_ratio": 2.0}
HAT = {
    **{"embed_dim": 12, "depths": [2, 2], "num_heads": [2, 2], "window_size": 8, "mlp_ratio": 2.0},
    **{"compress_ratio": 3, "squeeze_factor": 4, "overlap_ratio": 0.5, "upsampler": "pixelshuffle"},
}


def published(architecture: str, **arguments: Any) -> nn.Module:
    """A network with random weights, none of them zero, so that every layer matters."""
    spandrel_package()
    torch.manual_seed(0)
    build = getattr(importlib.import_module(f"spandrel.architectures.{architecture}"), architecture)
    network: nn.Module = build(**arguments).eval().requires_grad_(False)
    for parameter in network.parameters():
        if parameter.std(correction=0) == 0:
            nn.init.normal_(parameter, std=0.3)
    return network


def small_rrdb(scale: int = 4, block: int = 1, colours: int = 3) -> nn.Module:
    """ESRGAN's generator; with a block of 2 or 4 Real-ESRGAN's, whose trunk enlarges by 4."""
    unshuffled = {"shuffle_factor": block} if block > 1 else {}
    channels = {"in_nc": colours * block**2, "out_nc": colours}
    return published("ESRGAN", num_filters=8, num_blocks=2, scale=scale * block, **channels, **unshuffled)


def saved(network: nn.Module, path: Path) -> Path:
    """Write the weights as BasicSR does."""
    torch.save({"params_ema": network.state_dict()}, path)
    return path


def conv_package(path: Path, *, dtype: str = "float32", before: Any = (), after: Any = (), **wrong: Any) -> Path:
    """Write a package whose network is a blur of 3 x 3 px, in which all that lies outside the image is 0.

    The test output is computed here, in numpy. `wrong` may hold `output_offset`, which is added to the test output,
    and `channels`.
    """
    from bioimageio.spec import save_bioimageio_package
    from bioimageio.spec.model import v0_5 as spec

    folder = path.parent / "parts"
    folder.mkdir()
    channels = wrong.get("channels", 1)
    (folder / "net.onnx").write_bytes(blur_graph(channels))
    image = np.random.default_rng(0).integers(20, 200, (1, channels, 32, 40)).astype(dtype)
    np.save(folder / "in.npy", image)
    output = expected_output(image, before, after) + np.float32(wrong.get("output_offset", 0))
    np.save(folder / "out.npy", output.astype(np.float32))
    (folder / "README.md").write_text("# Blur\n\n## Validation\n\nNone.\n")
    names = [spec.Identifier(f"c{index}") for index in range(channels)]

    def axes(space: Any) -> list[Any]:
        return [spec.BatchAxis(size=1), spec.ChannelAxis(channel_names=names), space("y"), space("x")]

    def given(name: str) -> Any:
        return spec.SpaceInputAxis(id=spec.AxisId(name), size=spec.ParameterizedSize(min=8, step=4))

    def made(name: str) -> Any:
        size = spec.SizeReference(tensor_id=spec.TensorId("raw"), axis_id=spec.AxisId(name))
        return spec.SpaceOutputAxisWithHalo(id=spec.AxisId(name), size=size, halo=1)

    description = spec.ModelDescr(
        name="Blur of 3 px",
        description="Blur",
        authors=[spec.Author(name="A. Author")],
        cite=[spec.CiteEntry(text="None", url=spec.HttpUrl("https://example.com/blur"))],
        license=spec.LicenseId("MIT"),
        documentation=spec.FileDescr(source=folder / "README.md"),
        inputs=[
            spec.InputTensorDescr(
                id=spec.TensorId("raw"),
                axes=axes(given),
                test_tensor=spec.FileDescr(source=folder / "in.npy"),
                data=spec.IntervalOrRatioDataDescr(type=dtype),
                preprocessing=list(before),
            )
        ],
        outputs=[
            spec.OutputTensorDescr(
                id=spec.TensorId("blurred"),
                axes=axes(made),
                test_tensor=spec.FileDescr(source=folder / "out.npy"),
                postprocessing=list(after),
            )
        ],
        weights=spec.WeightsDescr(onnx=spec.OnnxWeightsDescr(source=folder / "net.onnx", opset_version=18)),
    )
    save_bioimageio_package(description, output_path=path)
    return path


def blur_graph(channels: int = 1) -> bytes:
    """A mean of 3 x 3 px, for each channel, as an ONNX file."""
    from onnx import TensorProto, helper, numpy_helper

    shape = [1, channels, "height", "width"]
    images = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    kernel = numpy_helper.from_array(np.full((channels, 1, 3, 3), 1 / 9, np.float32), "kernel")
    node = helper.make_node("Conv", ["x", "kernel"], ["y"], pads=[1, 1, 1, 1], group=channels)
    graph = helper.make_graph([node], "blur", images[:1], images[1:], [kernel])
    content: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    ).SerializeToString()
    return content


def blurred(image: np.ndarray) -> np.ndarray:
    """What the graph computes, of (..., H, W)."""
    from scipy.ndimage import uniform_filter

    return uniform_filter(image.astype(np.float64), (1,) * (image.ndim - 2) + (3, 3), mode="constant")


def expected_output(image: np.ndarray, before: Any, after: Any) -> np.ndarray:
    """What the specification says a package gives."""
    values = image.astype(np.float64)
    for step in before:
        values = _applied(values, step)
    values = blurred(values)
    for step in after:
        values = _applied(values, step)
    return values


def _applied(values: np.ndarray, step: Any) -> np.ndarray:
    settings = step.kwargs
    match step.id:
        case "scale_linear":
            return settings.gain * values + settings.offset
        case "zero_mean_unit_variance":
            return (values - values.mean()) / (values.std() + settings.eps)
        case "scale_range":
            low, high = np.percentile(values, [settings.min_percentile, settings.max_percentile])
            return (values - low) / (high - low + settings.eps)
        case "clip":
            return values.clip(settings.min, settings.max)
    raise AssertionError(step.id)
