"""Checkpoints: a model folder with everything that an exact resume needs, replaced as a whole or not at all."""

import contextlib
import errno
import os
import re
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.inference.storage import save_model
from sem_models.reporter import CheckpointKind

STATE = "state.pt"
LAST, BEST = "checkpoint-last", "checkpoint-best"
FOLDERS: dict[CheckpointKind, str] = {"last": LAST, "best": BEST, "stage": "checkpoint-stage"}
"""`stage` is the end of the stage before the last one."""


class CheckpointNotSaved(UserError):
    """The checkpoint could not be written; the previous one is intact."""


def save_checkpoint(
    folder: Path,
    recipe: Recipe,
    weights: dict[str, torch.Tensor],
    state: dict[str, Any],
    backward: dict[str, torch.Tensor] | None = None,
) -> None:
    """Replace `folder` by a new checkpoint: inference weights, recipe and resume state.

    Args:
        folder: The folder of the checkpoint; its parent is created if needed.
        recipe: Stored beside the weights.
        weights: Inference weights of the generator, by name.
        state: What a resume needs, tensors and plain values only.
        backward: Inference weights of the backward generator of a cycle; None for other methods.

    Raises:
        CheckpointNotSaved: Gives the reason; what was in `folder` before is intact.
    """
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_model(part, recipe, weights, backward)
        # Through a Python file, because torch hides the system's reason when it opens the file itself.
        with (part / STATE).open("wb") as file:
            torch.save(state, file)
        for path in part.iterdir():
            _flush(path)
        _replace(part, folder)
    except (OSError, RuntimeError, SafetensorError) as error:
        # torch's zip writer and safetensors raise their own errors when a write fails.
        reason = _reason(folder, error)
        shutil.rmtree(part, ignore_errors=True)
        raise CheckpointNotSaved(reason) from error


def load_state(folder: Path) -> dict[str, Any]:
    """Read the resume state of a checkpoint; only tensors and plain values are unpickled.

    Raises:
        UserError: There is no checkpoint or it is damaged.
    """
    mend(folder)
    try:
        state: dict[str, Any] = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(f"{folder}: no checkpoint to resume from could be read; start a new run.") from error
    return state


def has_checkpoint(folder: Path) -> bool:
    """Return whether `folder` is a checkpoint, or `mend` can bring back the previous one."""
    return folder.exists() or _previous(folder).exists()


def mend(folder: Path) -> None:
    """Bring back the previous checkpoint if a process was killed between the two renames that replace it."""
    if not folder.exists() and _previous(folder).exists():
        _previous(folder).rename(folder)


def _replace(part: Path, folder: Path) -> None:
    """Rename `part` to `folder`; `folder` or its previous version is whole at every moment, whenever it is killed."""
    mend(folder)
    previous = _previous(folder)
    shutil.rmtree(previous, ignore_errors=True)
    if folder.exists():
        folder.rename(previous)
    try:
        part.rename(folder)
    except OSError:
        mend(folder)
        raise
    with contextlib.suppress(OSError):  # some network file systems cannot flush a folder
        _flush(folder.parent)
    shutil.rmtree(previous, ignore_errors=True)


def _previous(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.previous")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(folder: Path, error: Exception) -> str:
    full = _system_code(error) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    why = "the disk is full" if full else (str(error).splitlines() or [type(error).__name__])[0]
    free = shutil.disk_usage(next(parent for parent in folder.absolute().parents if parent.exists())).free
    advice = "Free some space" if full else "Fix the cause"
    return (
        f"The checkpoint {folder.name} could not be saved in {folder.parent}: {why} ({free / 2**30:.1f} GiB free). "
        f"{advice} and resume; the previous checkpoint is intact."
    )


def _system_code(error: BaseException | None) -> int | None:
    """Return the errno of the first operating-system error behind `error`."""
    while error is not None:
        code = error.errno if isinstance(error, OSError) else _os_error(str(error))
        if code:
            return code
        error = error.__cause__ or error.__context__
    return None


def _os_error(text: str) -> int | None:
    found = re.search(r"os error (\d+)", text)
    return int(found[1]) if found else None
