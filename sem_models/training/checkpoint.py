"""Checkpoints: a model folder plus everything that an exact resume needs, replaced as a whole or not at all."""

import errno
import os
import re
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from sem_models.errors import UserError
from sem_models.model import save_model
from sem_models.recipes import Recipe

STATE = "state.pt"
LAST, BEST = "checkpoint-last", "checkpoint-best"


class CheckpointNotSaved(UserError):
    """The checkpoint could not be written; the one before is intact."""


def save_checkpoint(folder: Path, recipe: Recipe, weights: dict[str, torch.Tensor], state: dict[str, Any]) -> None:
    """Write `folder` anew: inference weights, recipe and resume state (tensors and plain values only).

    Raises:
        CheckpointNotSaved: Nothing could be written, with the reason; what stood in `folder` still stands.
    """
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_model(part, recipe, weights)
        torch.save(state, part / STATE)
        for path in part.iterdir():
            _flush(path)
        _replace(part, folder)
    except (OSError, RuntimeError, SafetensorError) as error:
        # The zip writer of torch and safetensors turn a failed write into errors of their own.
        shutil.rmtree(part, ignore_errors=True)
        raise CheckpointNotSaved(_reason(folder, error)) from error


def load_state(folder: Path) -> dict[str, Any]:
    """The resume state of a checkpoint; only tensors and plain values are unpickled.

    Raises:
        UserError: There is no checkpoint or it is damaged.
    """
    place = folder if folder.exists() else _previous(folder)
    try:
        state: dict[str, Any] = torch.load(place / STATE, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(f"{folder}: no checkpoint to resume from can be read there; start a new run.") from error
    return state


def _replace(part: Path, folder: Path) -> None:
    previous = _previous(folder)
    shutil.rmtree(previous, ignore_errors=True)
    if folder.exists():
        folder.rename(previous)
    part.rename(folder)
    shutil.rmtree(previous, ignore_errors=True)


def _previous(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.previous")


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _reason(folder: Path, error: Exception) -> str:
    free = shutil.disk_usage(folder.parent).free
    code = getattr(error, "errno", None) or _os_error(str(error))
    full = code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or free < 2**20
    why = "the disk is full" if full else str(error).splitlines()[0]
    return (
        f"The checkpoint {folder.name} could not be saved in {folder.parent}: {why} ({free / 2**30:.1f} GiB free). "
        "Free some space and resume; the checkpoint before is intact."
    )


def _os_error(text: str) -> int | None:
    found = re.search(r"os error (\d+)", text)
    return int(found[1]) if found else None
