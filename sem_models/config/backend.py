"""Names of the programs that can compute a network."""

from typing import Literal

BackendName = Literal["torch", "openvino", "onnx"]
"""PyTorch itself, OpenVINO or ONNX Runtime."""
BackendChoice = Literal["auto", "torch", "openvino", "onnx"]
"""One of them, or the fastest that was measured to give the same output."""
