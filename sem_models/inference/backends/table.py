"""All backends other than PyTorch."""

from sem_models.inference.backends.base import Backend
from sem_models.inference.backends.onnx_runtime import OnnxRuntime
from sem_models.inference.backends.openvino import OpenVino

BACKENDS: tuple[Backend, ...] = (OpenVino(), OnnxRuntime())
