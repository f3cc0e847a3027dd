"""What an installation keeps although nothing needs it any more: the candidates for cleaning.

Datasets, results, the store and its files are never among them.
"""

import contextlib
import json
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipelines.home import TaskFile, home
from pipelines.jobs import queue
from pipelines.jobs.tasks import task_state
from pipelines.people.lab import find_lab
from pipelines.tracking.artifacts import get_text
from pipelines.tracking.keys import Artifact
from pipelines.tracking.runs import get_run
from pipelines.tracking.writer import has_unsent
from pipelines.upkeep.run_locks import is_held
from sem_models.errors import UserError
from sem_models.images.io.partial import is_partial, may_be_written
from sem_models.inference.model_folder import CHECKPOINT
from sem_models.training.checkpoint import FOLDERS


class Kind(StrEnum):
    """What a candidate for cleaning is."""

    WORK = "work"
    LOG = "log"
    TASK = "task"
    UPLOAD = "upload"
    PART = "part"
    LOCK = "lock"
    EXPORT = "export"
    CACHE = "cache"
    SIGN_OUT = "sign-out"


_LOG = logging.getLogger(__name__)
_ENDED = ("FINISHED", "FAILED", "KILLED")
_UPLOADS = "uploads"
_CACHE = "cache"
_DAY_S = 86400.0
_HOUR_S = 3600.0
_PERSON = re.compile(r"[0-9a-f]{16}")
"""Name of the folder of one person; at a desk there is none."""
_TASK = re.compile(r"\d{8}-\d{6}-[a-z-]+-[0-9a-f]{6}")
"""Name of the folder of a task."""


@dataclass(frozen=True)
class Leftover:
    """A file or folder that nothing needs."""

    kind: Kind
    """`work`: the working folder of a training, whose checkpoints the store has as well; `log`: what a training
    printed; `task`: how background work went; `upload`: files from a browser; `part`: a result or dataset that a
    killed process had begun to write; `lock`: the file by which a training kept others from its run; `export`: a model
    that was written to be downloaded; `cache`: what is computed again when it is needed;
    `sign-out`: a note that a sign-in has ended, which by now would have ended by itself."""
    path: Path
    size_bytes: int
    touched: float
    """When its newest file was written, in seconds of the epoch; uploads also count as touched when they are read."""


def find_leftovers() -> list[Leftover]:
    """List everything that may be removed once it is old enough, the longest untouched first."""
    paths: list[tuple[Kind, Path]] = [
        (Kind.WORK, path) for path in _folders(home().work) if path.name != _floors().name
    ]
    paths += [(Kind.LOG, path) for path in sorted(home().logs.glob("*.log"))]
    paths += [(Kind.TASK, path) for path in _folders(home().tasks)]
    paths += [(Kind.UPLOAD, path) for path in _uploads(home().root / _UPLOADS)]
    parts = [*home().results.rglob("*.part"), *home().datasets.glob(".*.part")]
    paths += [(Kind.PART, path) for path in sorted(parts) if is_partial(path)]
    # Scores of baselines are kept; what else lies beside them was left by processes that were killed.
    paths += [(Kind.PART, path) for path in sorted(_floors().glob("*")) if path.suffix != ".json"]
    paths += [(Kind.EXPORT, path) for path in _exports(home().exports)]
    paths += [(Kind.CACHE, path) for path in sorted((home().root / _CACHE).glob("*/*"))]
    paths += [(Kind.LOCK, path) for path in sorted(home().running.glob("*.lock"))]
    paths += [(Kind.SIGN_OUT, path) for path in sorted(home().signed_out.glob("*"))]
    found = [leftover(kind, path) for kind, path in paths if not path.is_symlink() and not is_needed(kind, path)]
    return sorted(found, key=lambda one: one.touched)


def leftover(kind: Kind, path: Path) -> Leftover:
    """Describe a file or folder as it is now."""
    facts = []
    for file in _files(path):
        with contextlib.suppress(OSError):  # it may go at any moment
            facts.append(file.lstat())
    read = kind in (Kind.UPLOAD, Kind.CACHE)
    times = [max(one.st_mtime, one.st_atime if read else 0.0) for one in facts]
    return Leftover(kind, path, sum(one.st_size for one in facts), max(times, default=path.lstat().st_mtime))


def is_needed(kind: Kind, path: Path) -> bool:
    """Tell whether something still needs a candidate, or whether that cannot be told."""
    if kind in (Kind.WORK, Kind.LOG):
        return _is_run_needed(path.stem)
    if kind is Kind.TASK:
        return _is_task_needed(path)
    if kind is Kind.PART:
        return may_be_written(path) if is_partial(path) else _is_young(path)
    if kind is Kind.LOCK:
        return is_held(path)
    if kind is Kind.SIGN_OUT:
        return _is_sign_out_needed(path)
    if kind is Kind.CACHE:
        return is_partial(path) and may_be_written(path)
    return str(path) in _requests()


def _is_sign_out_needed(path: Path) -> bool:
    """Tell whether the sign-in that somebody has ended would otherwise still last, or whether that cannot be told."""
    try:
        lab = find_lab()
        return lab is None or time.time() - path.stat().st_mtime <= lab.sign_in_hours * _HOUR_S
    except (OSError, UserError):
        return True


def _is_task_needed(folder: Path) -> bool:
    """Tell whether a task goes on, or is no task.

    One without a request is being started at this moment, or whoever started it was killed before it was written.
    """
    if not (folder / TaskFile.REQUEST).is_file():
        return not _TASK.fullmatch(folder.name) or _is_young(folder)
    try:
        return task_state(folder.name).is_live
    except UserError as error:
        _LOG.warning("%s", error)  # what cannot be read may be needed
        return True


def _is_young(path: Path) -> bool:
    """Tell whether something has been written within a day, so that whoever writes it may not be done."""
    try:
        return time.time() - path.stat().st_mtime < _DAY_S
    except OSError:
        return True


def _is_run_needed(run_id: str) -> bool:
    """Tell whether a run goes on, is unknown to the store, or has something in its folder that the store lacks."""
    work = home().work / run_id
    job = queue.find(run_id)
    if job is not None and job.state != "ended" and job.alive:
        return True
    try:
        run = get_run(run_id)
    except UserError:
        return True
    return run.status not in _ENDED or has_unsent(work) or not _are_stored(run_id, work)


def _are_stored(run_id: str, work: Path) -> bool:
    """Tell whether the store has each checkpoint of a working folder: the facts of both state the same checksums."""
    for which, folder in FOLDERS.items():
        if not (work / folder).is_dir():
            continue
        try:
            stored = get_text(run_id, f"{Artifact.checkpoint(which)}/{CHECKPOINT}")
            if (work / folder / CHECKPOINT).read_text() != stored:
                return False
        except (OSError, UserError):
            return False
    return True


def _requests() -> str:
    """Return the requests of all tasks that are still kept, with the paths that they name."""
    texts = (path.read_text(errors="replace") for path in sorted(home().tasks.glob(f"*/{TaskFile.REQUEST}")))
    return "\n".join(_plain(home().from_portable(text)) for text in texts)


def _plain(text: str) -> str:
    """Return JSON in which paths stand as they are, without escapes; what is no JSON any more as it is."""
    with contextlib.suppress(ValueError):
        return json.dumps(json.loads(text), ensure_ascii=False)
    return text


def _floors() -> Path:
    return home().baseline_rows


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def _uploads(place: Path) -> Iterator[Path]:
    """List the folders that hold files, one for each upload; a lab has one folder for each person above them."""
    for path in _folders(place):
        if any(child.is_file() for child in path.iterdir()):
            yield path
        elif not path.is_symlink():
            yield from _uploads(path)


def _exports(place: Path) -> Iterator[Path]:
    """List the models that were written; a lab has a folder for each person above them."""
    for path in sorted(place.glob("*")):
        if _PERSON.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            yield from sorted(path.glob("*"))
        else:
            yield path


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (file for file in path.rglob("*") if file.is_symlink() or file.is_file())
