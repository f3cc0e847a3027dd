"""ONNX Runtime on the CPU."""

import numpy as np

from sem_models.config.backend import BackendName
from sem_models.inference.backends.base import Compiled, Tiles, Unusable


class OnnxRuntime:
    """Networks run by ONNX Runtime."""

    name: BackendName = "onnx"
    title = "ONNX Runtime"

    def version(self) -> str:
        """See `Backend`."""
        try:
            import onnxruntime
        except ImportError as error:
            raise Unusable("it is not installed (pip install onnxruntime)") from error
        return str(onnxruntime.__version__)

    def compile(self, graph: bytes, threads: int) -> Compiled:
        """See `Backend`."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        (image,) = (given.name for given in session.get_inputs())

        def run(tiles: Tiles) -> Tiles:
            result: Tiles = session.run(None, {image: np.ascontiguousarray(tiles)})[0]
            return result

        return run
