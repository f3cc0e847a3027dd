"""The checkpoint from which a run continues: the newest sound one, in the working folder or in the store."""

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.tracking.artifacts import fetch, fetched, list_files
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.runs import set_tags
from sem_models.errors import UserError

if TYPE_CHECKING:
    from sem_models.training.checkpoint import Recovered

_LOG = logging.getLogger(__name__)
_STORED = ".stored"


def recover_checkpoint(run_id: str, work: Path) -> int | None:
    """Put the newest sound checkpoint of a run into `work`; return its step, or None if the run has none yet.

    A run that was killed before its first checkpoint starts again at step 0 with the same seed, with the same result as
    without the kill. A warning of the run reports everything unusual.

    Raises:
        UserError: The run has checkpoints, but all of them are damaged.
    """
    from sem_models.training.checkpoint import FOLDERS, recover

    last = work / FOLDERS["last"]
    stored = _fetch_newer(run_id, work)
    found = recover(last, *stored)
    for copy in stored:
        shutil.rmtree(copy, ignore_errors=True)
    if found.folder is None and found.damaged:
        raise UserError(
            f"Run {run_id}: every copy of its last checkpoint is damaged, in {work} and in the store; start a new run. "
            "Its best checkpoint, if there is one, can still be used."
        )
    _fetch_others(run_id, work, replace=found.folder in stored)
    if text := _unusual(found, stored):
        _LOG.warning(text)
        set_tags(run_id, {f"{Tag.WARNING}resume": f"Step {found.step}: {text}"})
    return None if found.folder is None else found.step


def _fetch_newer(run_id: str, work: Path) -> list[Path]:
    """Fetch the stored checkpoint if it is newer than the one in `work`, or if that is missing or damaged."""
    from sem_models.training.checkpoint import FOLDERS, mend, sound_step

    path = Artifact.checkpoint("last")
    if path not in list_files(run_id, Artifact.CHECKPOINTS):
        return []
    mend(work / FOLDERS["last"])
    here = sound_step(work / FOLDERS["last"])
    if here is not None and _stored_step(run_id, path) <= here:
        return []
    shutil.rmtree(work / _STORED, ignore_errors=True)
    return [fetch(run_id, path, work).rename(work / _STORED)]


def _stored_step(run_id: str, path: str) -> int:
    """Return the step of a stored checkpoint; 0 if it is not recorded, as in earlier versions."""
    from sem_models.inference.model_folder import CHECKPOINT, read_facts

    try:
        with fetched(run_id, path, (CHECKPOINT,)) as folder:
            facts = read_facts(folder)
    except (UserError, ValueError):
        return 0
    return facts.step if facts else 0


def _fetch_others(run_id: str, work: Path, *, replace: bool) -> None:
    """Fetch the best checkpoint and the one at the end of a stage if the working folder lacks them or is behind."""
    from sem_models.training.checkpoint import FOLDERS, has_checkpoint

    stored = list_files(run_id, Artifact.CHECKPOINTS)
    for which, folder in FOLDERS.items():
        path, local = Artifact.checkpoint(which), work / folder
        if which == "last" or path not in stored or (has_checkpoint(local) and not replace):
            continue
        shutil.rmtree(local, ignore_errors=True)
        fetch(run_id, path, work).rename(local)


def _unusual(found: "Recovered", stored: list[Path]) -> str:
    """Describe where the run continues; empty for the plain last checkpoint."""
    if found.folder is None:
        return "The run was stopped before its first checkpoint and started again at step 0, with the same seed."
    if not found.damaged:
        return ""
    source = "the copy in the store" if found.folder in stored else "the newest sound one in the working folder"
    return (
        f"The checkpoint in {', '.join(path.name for path in found.damaged)} was damaged: its files differ from what "
        f"was written. The run continued from {source}, of step {found.step}. Check the disk."
    )
