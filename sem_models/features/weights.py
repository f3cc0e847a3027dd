"""Pretrained backbone weights: where they are searched for, and the error raised when they are not available."""

import os
import pickle
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, library

_DOWNLOAD_HOST = "download.pytorch.org"
_UNREADABLE = (
    OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError,
    pickle.UnpicklingError, zipfile.BadZipFile,
)  # fmt: skip
"""Exceptions that reading a truncated or foreign file may raise."""
_ops: list[Any] = []


class FeaturesUnavailable(Exception):
    """Raised if trained weights are missing and cannot be downloaded, or are damaged; says which file to put where."""


def torch_home() -> Path:
    """Return `TORCH_HOME`, or the default folder of torch if it is not set."""
    return Path(torch.hub.get_dir()).parent


def backbone_file(file: str, name: str) -> Path:
    """Return the path at which torchvision keeps a file that is present or can be downloaded.

    Args:
        file: Name of the weight file.
        name: Name of the backbone, for the error message.

    Raises:
        FeaturesUnavailable: The file is missing and there is no internet connection (or `SEM_OFFLINE` is set).
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / file
    if not path.is_file() and not _download_possible():
        raise FeaturesUnavailable(f"no trained {name} weights: put {file} into {path.parent} (or set TORCH_HOME)")
    return path


def load_backbone(file: str, name: str) -> dict[str, Tensor]:
    """Read the weights by name, after downloading them from torchvision's own address if they are missing.

    Raises:
        FeaturesUnavailable: The file is missing and cannot be downloaded, or it is damaged.
    """
    path = backbone_file(file, name)
    with report_damage(path):
        url = f"https://{_DOWNLOAD_HOST}/models/{file}"
        weights: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            url, str(path.parent), "cpu", progress=False, check_hash=True, weights_only=True
        )
        return weights


@contextmanager
def report_damage(path: Path) -> Iterator[None]:
    """Turn any error while the block reads `path` into `FeaturesUnavailable`, with the advice to replace the file."""
    try:
        yield
    except _UNREADABLE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        problem = "is damaged or incomplete" if path.is_file() else "could not be downloaded"
        raise FeaturesUnavailable(f"{path} {problem} ({reason}): put a complete copy there") from error


def declare_torchvision_ops() -> None:
    """Declare the compiled operators that torchvision needs on import and that a CPU build of torch lacks."""
    if torch.version.cuda is not None or _ops:
        return
    operators = library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _ops.append(operators)


def _download_possible() -> bool:
    """Try to connect once, because a machine without internet would wait through every retry of a download."""
    if os.environ.get("SEM_OFFLINE"):
        return False
    try:
        with socket.create_connection((_DOWNLOAD_HOST, 443), timeout=3):
            return True
    except OSError:
        return False
