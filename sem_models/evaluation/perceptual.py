"""LPIPS (Zhang et al., CVPR 2018) through the `lpips` package, never on untrained features."""

import os
import socket
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_BACKBONE_FILE = "alexnet-owt-7be5be79.pth"
_DOWNLOAD_HOST = "download.pytorch.org"
_SMALLEST = 32
_ops: list[Any] = []


class LpipsUnavailable(Exception):
    """The backbone weights are neither here nor to be had; the message says where to put them."""


def lpips_alex(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """LPIPS with the AlexNet backbone, v0.1: 0 is identical, lower is better.

    Args:
        output: (H, W), grey; repeated to three channels and mapped from [0, data_range] to [-1, 1].
        target: The same shape.
        data_range: Value of white; what lies outside [0, data_range] is clipped.

    Raises:
        LpipsUnavailable: No trained weights. Nothing is ever computed on random ones.
    """
    if min(target.shape) < _SMALLEST:
        return float("nan")
    with torch.inference_mode():
        return float(_network()(_prepare(output, data_range), _prepare(target, data_range)).item())


def _prepare(image: NDArray[np.float32], data_range: float) -> Tensor:
    if image.ndim != 2:
        raise ValueError(f"LPIPS here takes grey (H, W) images, got shape {image.shape}")
    unit = torch.from_numpy(np.clip(image.astype(np.float32) / data_range, 0, 1))
    return (unit * 2 - 1).expand(1, 3, *image.shape)


@cache
def _network() -> torch.nn.Module:
    if not _weights_file().is_file() and not _download_possible():
        raise LpipsUnavailable(
            f"no trained AlexNet weights: put {_BACKBONE_FILE} into {_weights_file().parent} (or set TORCH_HOME)"
        )
    _declare_torchvision_ops()
    import lpips

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package calls torchvision in a way that the latter no longer likes
        network: torch.nn.Module = lpips.LPIPS(net="alex", verbose=False)
    return network.eval()


def _weights_file() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / _BACKBONE_FILE


def _download_possible() -> bool:
    """One short look, because a machine without internet would wait through every retry of a download."""
    if os.environ.get("SEM_OFFLINE"):
        return False
    try:
        with socket.create_connection((_DOWNLOAD_HOST, 443), timeout=3):
            return True
    except OSError:
        return False


def _declare_torchvision_ops() -> None:
    """A CPU build of torch has none of torchvision's compiled operators, and torchvision does not import without."""
    if torch.version.cuda is not None or _ops:
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _ops.append(library)
