"""A stored ONNX graph as a network: it runs in ONNX Runtime on the CPU, and cannot be trained."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from sem_models.config.networks.onnx_graph import Clip, ImageStep, Linear, OnnxGraphConfig, Percentiles, Sigmoid, Step
from sem_models.errors import UserError
from sem_models.networks.padding import padded_to

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class OnnxGraph(nn.Module):
    """Maps (N, 1, H, W) float32 to (N, 1, H x scale, W x scale) float32; the graph is its only weight, as bytes."""

    def __init__(self, config: OnnxGraphConfig) -> None:
        """Reserve room for the graph, which `load_state_dict` fills."""
        super().__init__()
        self.config = config
        self.register_buffer("graph", torch.zeros(config.stored_bytes, dtype=torch.uint8))
        self._session: InferenceSession | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return what the package gives for each image, in units of the input where only the input was normalised."""
        return torch.cat([self._image(image[None]) for image in x])

    def published(self, x: Tensor) -> Tensor:
        """Return what the package gives for (1, 1, H, W): steps before, graph, steps after."""
        return processed(self._run(processed(x, self.config.before)), self.config.after)

    def _image(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        given = padded_to(x, max(height, self.config.least_px), max(width, self.config.least_px))
        y = self.published(given)
        if not self.config.after:
            # A restoration keeps grey levels, but the program of the package leaves them normalised.
            for step, before in reversed(_image_steps(given, self.config.before)):
                gain, offset = _affine(before, step)
                y = (y - offset) / gain
        return y[..., : height * self.config.scale, : width * self.config.scale]

    def _run(self, x: Tensor) -> Tensor:
        if self._session is None:
            self._session = _open(self.get_buffer("graph"))
        (name,) = (given.name for given in self._session.get_inputs())
        output = self._session.run(None, {name: x.cpu().numpy()})[0]
        return torch.from_numpy(output).to(x)


def _open(graph: Tensor) -> "InferenceSession":
    try:
        import onnxruntime
    except ImportError as error:
        raise UserError(
            "The model is an ONNX graph; install the extra `export`, which contains ONNX Runtime."
        ) from error
    try:
        return onnxruntime.InferenceSession(graph.cpu().numpy().tobytes(), providers=["CPUExecutionProvider"])
    except Exception as error:  # the errors of ONNX Runtime have no base of their own
        raise UserError(
            f"ONNX Runtime cannot load the graph ({str(error).splitlines()[0]}); import it again."
        ) from error


def processed(x: Tensor, steps: Iterable[Step]) -> Tensor:
    """Apply the steps of a package to one image."""
    for step in steps:
        x = _applied(x, step)
    return x


def _applied(x: Tensor, step: Step) -> Tensor:
    match step:
        case Linear():
            return step.gain * x + step.offset
        case Clip():
            return x.clamp(step.lo, step.hi)
        case Sigmoid():
            return x.sigmoid()
        case _:
            gain, offset = _affine(x, step)
            return gain * x + offset


def _affine(x: Tensor, step: ImageStep) -> tuple[Tensor, Tensor]:
    """Return gain and offset of a step that depends on the whole image."""
    if isinstance(step, Percentiles):
        low, high = torch.from_numpy(np.percentile(x.cpu().numpy(), [step.lower, step.upper])).to(x)
        gain = 1 / (high - low + step.eps)
        return gain, -low * gain
    gain = 1 / (x.std(correction=0) + step.eps)
    return gain, -x.mean() * gain


def _image_steps(x: Tensor, steps: Iterable[Step]) -> list[tuple[ImageStep, Tensor]]:
    """Return the steps that depend on the whole image, each with the image that it is applied to."""
    found = []
    for step in steps:
        if isinstance(step, ImageStep):
            found.append((step, x))
        x = _applied(x, step)
    return found
