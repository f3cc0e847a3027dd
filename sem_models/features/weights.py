"""Weights of backbones trained elsewhere: where they are looked for, and what is said when they are not to be had."""

import os
import pickle
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_DOWNLOAD_HOST = "download.pytorch.org"
_UNREADABLE = (
    OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError,
    pickle.UnpicklingError, zipfile.BadZipFile,
)  # fmt: skip
"""What reading a truncated or foreign file raises, by the place where it ends."""
_ops: list[Any] = []


class FeaturesUnavailable(Exception):
    """Trained weights are neither here nor to be had, or are damaged; the message says what to put where."""


def torch_home() -> Path:
    """`TORCH_HOME`, or the folder that torch takes without it."""
    return Path(torch.hub.get_dir()).parent


def backbone_file(file: str, name: str) -> Path:
    """Where torchvision keeps that file, whether it is there already or can be downloaded.

    Raises:
        FeaturesUnavailable: It is not there and there is no internet (or `SEM_OFFLINE` is set).
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / file
    if not path.is_file() and not _download_possible():
        raise FeaturesUnavailable(f"no trained {name} weights: put {file} into {path.parent} (or set TORCH_HOME)")
    return path


def load_backbone(file: str, name: str) -> dict[str, Tensor]:
    """Weights by name, downloaded from torchvision's own address where they are missing.

    Raises:
        FeaturesUnavailable: Missing, not to be downloaded, or damaged.
    """
    path = backbone_file(file, name)
    with damage_is_said(path):
        url = f"https://{_DOWNLOAD_HOST}/models/{file}"
        weights: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            url, str(path.parent), "cpu", progress=False, check_hash=True, weights_only=True
        )
        return weights


@contextmanager
def damage_is_said(path: Path) -> Iterator[None]:
    """Whatever goes wrong while the block reads `path` becomes `FeaturesUnavailable` with the advice to replace it."""
    try:
        yield
    except _UNREADABLE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        advice = "is damaged or incomplete" if path.is_file() else "could not be downloaded"
        raise FeaturesUnavailable(f"{path} {advice} ({reason}): put a whole copy there") from error


def declare_torchvision_ops() -> None:
    """A CPU build of torch has none of torchvision's compiled operators, and torchvision does not import without."""
    if torch.version.cuda is not None or _ops:
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _ops.append(library)


def _download_possible() -> bool:
    """One short look, because a machine without internet would wait through every retry of a download."""
    if os.environ.get("SEM_OFFLINE"):
        return False
    try:
        with socket.create_connection((_DOWNLOAD_HOST, 443), timeout=3):
            return True
    except OSError:
        return False
