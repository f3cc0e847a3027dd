"""Checkpoints: a model folder with everything that an exact resume needs, replaced as a whole or not at all."""

import contextlib
import errno
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.images.io.read import file_sha256
from sem_models.inference.model_folder import CHECKPOINT, CheckpointFacts, read_facts
from sem_models.inference.storage import NOTHING, Belongings, save_model
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
    belongings: Belongings = NOTHING,
) -> None:
    """Replace `folder` by a new checkpoint: inference weights, recipe and resume state.

    Args:
        folder: The folder of the checkpoint; its parent is created if needed.
        recipe: Stored beside the weights.
        weights: Inference weights of the generator, by name.
        state: What a resume needs, tensors and plain values only.
        backward: Inference weights of the backward generator of a cycle; None for other methods.
        belongings: What belongs to these weights, such as the posterior mean.

    Raises:
        CheckpointNotSaved: Gives the reason; what was in `folder` before is intact.
    """
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_model(part, recipe, weights, backward, belongings)
        # Through a Python file, because torch hides the system's reason when it opens the file itself.
        with (part / STATE).open("wb") as file:
            torch.save(state, file)
        _write_facts(part, _step(state))
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
        return _read(folder)
    except Exception as error:
        raise UserError(
            f"{folder}: no checkpoint to resume from could be read ({_first_line(error)}); start a new run."
        ) from error


@dataclass(frozen=True)
class Recovered:
    """The checkpoint from which a run continues, and the damaged ones that were found."""

    folder: Path | None
    """Where it was found; None if there is no sound one."""
    step: int
    damaged: tuple[Path, ...]
    """Checkpoints whose files differ from what was written."""


def recover(folder: Path, *copies: Path) -> Recovered:
    """Make `folder` the newest sound checkpoint: itself, the one before it, or one of `copies`, which is moved.

    A damaged one that was there is deleted once another has taken its place.
    """
    mend(folder)
    found = [path for path in (folder, _previous(folder), *copies) if path.exists()]
    steps = {path: step for path in found if (step := sound_step(path)) is not None}
    damaged = tuple(path for path in found if path not in steps)
    if not steps:
        return Recovered(None, 0, damaged)
    best = max(steps, key=lambda path: steps[path])
    if best != folder:
        shutil.rmtree(folder, ignore_errors=True)
        best.rename(folder)
    return Recovered(best, steps[best], damaged)


def sound_step(folder: Path) -> int | None:
    """Return the step of a checkpoint; None if it is missing or damaged."""
    try:
        facts = read_facts(folder)
        if facts is None:
            return _step(_read(folder))
        return None if facts.damaged(folder) else facts.step
    except Exception:
        # A damaged file can make its reader raise anything.
        return None


def has_checkpoint(folder: Path) -> bool:
    """Return whether `folder` is a checkpoint, or `mend` can bring back the previous one."""
    return folder.exists() or _previous(folder).exists()


def mend(folder: Path) -> None:
    """Bring back the previous checkpoint if a process was killed between the two renames that replace it."""
    if not folder.exists() and _previous(folder).exists():
        _previous(folder).rename(folder)


def _read(folder: Path) -> dict[str, Any]:
    facts = read_facts(folder)
    if facts and (damaged := facts.damaged(folder)):
        raise ValueError(f"{', '.join(damaged)}: damaged")
    state: dict[str, Any] = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    return state


def _write_facts(folder: Path, step: int) -> None:
    sums = {path.name: file_sha256(path) for path in sorted(folder.iterdir())}
    (folder / CHECKPOINT).write_text(CheckpointFacts(step=step, sha256=sums).model_dump_json(indent=1) + "\n")


def _step(state: dict[str, Any]) -> int:
    return int(state.get("progress", {}).get("step", 0))


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
    if folder.name != LAST:
        # A run goes on from the last one only: that alone needs another where a disk has damaged it.
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
    why = "the disk is full" if full else _first_line(error)
    free = shutil.disk_usage(next(parent for parent in folder.absolute().parents if parent.exists())).free
    advice = "Free some space" if full else "Fix the cause"
    return (
        f"The checkpoint {folder.name} could not be saved in {folder.parent}: {why} ({free / 2**30:.1f} GiB free). "
        f"{advice} and resume; the previous checkpoint is intact."
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


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
