"""LPIPS (Zhang et al., CVPR 2018) through the `lpips` package, never on untrained features."""

import warnings
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sem_models.features.weights import backbone_file, damage_is_said, declare_torchvision_ops
from sem_models.inference.predictor import choose_device

_BACKBONE_FILE = "alexnet-owt-7be5be79.pth"
_SMALLEST = 32


def lpips_alex(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """Compute LPIPS with the AlexNet backbone, v0.1: 0 is identical, lower is better.

    Args:
        output: (H, W), grey, repeated to three channels and mapped from [0, data_range] to [-1, 1].
        target: The same shape; NaN is returned below 32 pixels.
        data_range: Value of white; values outside [0, data_range] are clipped.

    Raises:
        FeaturesUnavailable: Trained weights are missing or damaged; random weights are never used.
    """
    if min(target.shape) < _SMALLEST:
        return float("nan")
    with torch.inference_mode():
        return float(_network()(_prepare(output, data_range), _prepare(target, data_range)).item())


def _prepare(image: NDArray[np.float32], data_range: float) -> Tensor:
    if image.ndim != 2:
        raise ValueError(f"LPIPS here takes grey (H, W) images, got shape {image.shape}")
    unit = torch.from_numpy(np.clip(image.astype(np.float32) / data_range, 0, 1))
    return (unit * 2 - 1).expand(1, 3, *image.shape).to(choose_device())


@cache
def _network() -> torch.nn.Module:
    path = backbone_file(_BACKBONE_FILE, "AlexNet")
    declare_torchvision_ops()
    import lpips

    with warnings.catch_warnings(), damage_is_said(path):
        warnings.simplefilter("ignore")  # the package calls torchvision in a deprecated way
        network: torch.nn.Module = lpips.LPIPS(net="alex", verbose=False)
    return network.eval().to(choose_device())
