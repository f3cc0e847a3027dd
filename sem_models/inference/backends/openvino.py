"""OpenVINO on the CPU."""

import io
from typing import Any

import numpy as np

from sem_models.config.backend import BackendName
from sem_models.inference.backends.base import Compiled, Tiles, Unusable


class OpenVino:
    """Networks compiled by OpenVINO, in 32-bit arithmetic."""

    name: BackendName = "openvino"
    title = "OpenVINO"

    def version(self) -> str:
        """See `Backend`."""
        try:
            import openvino
        except ImportError as error:
            raise Unusable("it is not installed (pip install openvino)") from error
        return str(openvino.__version__).split("-")[0]

    def compile(self, graph: bytes, threads: int) -> Compiled:
        """See `Backend`."""
        import openvino

        core = openvino.Core()
        model = core.read_model(io.BytesIO(graph))
        _use_antialiased_cubic(model)
        request = core.compile_model(model, "CPU", _settings(threads)).create_infer_request()

        def run(tiles: Tiles) -> Tiles:
            result: Tiles = request.infer([np.ascontiguousarray(tiles)])[0]
            return result

        return run


def _settings(threads: int) -> dict[str, Any]:
    """Return the settings of the compiler.

    Left alone, OpenVINO computes in bf16 where the processor can, with differences of 1e-3 and more. Threads that are
    pinned to processors share them with those of other processes that do the same.
    """
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }


def _use_antialiased_cubic(model: Any) -> None:
    """Let enlargements weight pixels at the edges of the image as PyTorch does.

    The ONNX reader of OpenVINO keeps the attribute `antialias` of a cubic `Resize`, but its plain cubic ignores it. The
    operation that was made for this filter has a mode of its own.
    """
    from openvino import opset13

    for node in model.get_ordered_ops():
        if node.get_type_name() != "Interpolate":
            continue
        facts = node.get_attributes()
        if facts["mode"] == "cubic" and facts["antialias"]:
            size = np.array(list(node.output(0).get_shape())[2:], np.int64)
            axes = np.array([2, 3], np.int64)
            made = opset13.interpolate(
                node.input_value(0), size, "bicubic_pillow", "sizes", axes=axes, cube_coeff=facts["cube_coeff"]
            )
            for target in list(node.output(0).get_target_inputs()):
                target.replace_source_output(made.output(0))
