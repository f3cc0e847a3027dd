"""How much a person uses, and the refusal where it is more than the lab allows."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock

from pipelines.counts import counted
from pipelines.home import home, writable_home
from pipelines.jobs import queue
from pipelines.people.dataset_owner import dataset_ownership
from pipelines.people.lab import find_lab
from pipelines.people.person import Person
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo, list_runs
from sem_models.errors import UserError

WINDOW = timedelta(days=30)
"""Trainings that began earlier, and were not resumed since, no longer count."""
_GB = 1e9


@dataclass(frozen=True)
class Usage:
    """What belongs to one person."""

    disk_gb: float
    """Datasets, uploads, results and files of runs on this machine, in 1e9 bytes."""
    queued: int
    """Trainings that wait or run."""
    device_hours: float
    """Hours of trainings that began or were resumed within `WINDOW`, times the devices of each."""


def usage_of(person_id: str, folder: str) -> Usage:
    """Measure what a person uses; files that disappear meanwhile count nothing.

    Args:
        person_id: Id of the person.
        folder: Name of their folders of uploads and results.
    """
    runs = [run for run in list_runs() if run.ownership.owner == person_id]
    live = {job.run_id for job in queue.active_jobs()}
    return Usage(
        disk_gb=sum(map(_bytes, _places(person_id, folder, runs))) / _GB,
        queued=sum(run.run_id in live for run in runs),
        device_hours=sum(map(device_hours, runs)),
    )


def device_hours(run: RunInfo) -> float:
    """Return for how many hours a run has used its devices, until now if it is running; 0 if it ran long ago."""
    begun = _last_begun(run)
    if begun is None or begun < datetime.now(UTC) - WINDOW:
        return 0.0
    seconds = float(run.tags.get(Tag.DEVICE_SECONDS, "0"))
    if run.status == "RUNNING" and Tag.DEVICE_SINCE in run.tags:
        seconds += max(0.0, time.time() - float(run.tags[Tag.DEVICE_SINCE])) * run.devices
    return seconds / 3600


def _last_begun(run: RunInfo) -> datetime | None:
    """Return when a process last began to train a run; when it was made where none has, as in earlier versions."""
    since = run.tags.get(Tag.DEVICE_SINCE)
    return datetime.fromtimestamp(float(since), UTC) if since else run.started


def require_quota(by: Person) -> None:
    """Refuse new work of a person who uses as much as the lab allows.

    Raises:
        UserError: What is used, what is allowed, and what to do.
    """
    lab = find_lab()
    if by.is_local or lab is None:
        return
    quota = lab.quota_of(by.role)
    if quota.disk_gb is None and quota.queued is None and quota.device_hours is None:
        return
    used = usage_of(by.id, by.folder)
    if quota.queued is not None and used.queued >= quota.queued:
        raise UserError(
            f"You have {used.queued} trainings that wait or run, and {quota.queued} are allowed; wait until one has "
            "ended, or cancel one."
        )
    if quota.device_hours is not None and used.device_hours >= quota.device_hours:
        raise UserError(
            f"Your trainings of the last {WINDOW.days} days took {used.device_hours:.1f} hours, and "
            f"{quota.device_hours:g} are allowed; wait until the first of them are older, or ask for more."
        )
    if quota.disk_gb is not None and used.disk_gb >= quota.disk_gb:
        raise UserError(
            f"Your files take {used.disk_gb:.3g} GB, and {quota.disk_gb:g} GB are allowed; delete uploads, results or "
            "datasets that you no longer need, or ask for more."
        )


@contextmanager
def within_quota(by: Person, live_tasks: Callable[[], int] | None = None) -> Iterator[None]:
    """Refuse new work beyond the quota of a person, and count it before anything else of theirs is looked at.

    Otherwise what is asked for in several windows at once would find room for each.

    Args:
        by: Who asks for it; it is entered into the queue, or its record or file is written, while the block runs.
        live_tasks: Counts the background work of the person other than trainings, where this is such work.

    Raises:
        UserError: As `require_quota`, or too many tasks go on.
    """
    if by.is_local:
        yield
        return
    place = writable_home().jobs
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / f"quota-{by.folder}.lock"):
        require_quota(by)
        if live_tasks:
            _require_tasks(by, live_tasks)
        yield


def _require_tasks(by: Person, live_tasks: Callable[[], int]) -> None:
    lab = find_lab()
    allowed = lab.quota_of(by.role).tasks if lab else None
    if allowed is not None and (live := live_tasks()) >= allowed:
        raise UserError(
            f"You have {counted(live, 'task')} in the background, and {allowed} are allowed; wait until one has ended, "
            "or cancel one."
        )


def _places(person_id: str, folder: str, runs: Iterable[RunInfo]) -> list[Path]:
    """List the folders that belong to a person."""
    datasets = [path for path in home().datasets.glob("*/") if dataset_ownership(path.name).owner == person_id]
    places = [place / folder for place in (home().uploads, home().results, home().exports)]
    # Simulated images are kept beside the dataset that they became.
    places += [*datasets, *(path.with_name(f".{path.name}-raw") for path in datasets)]
    for run in runs:
        places += [home().work / run.run_id, home().artifacts / run.experiment / run.run_id]
    return places


def _bytes(place: Path) -> int:
    """Add up the sizes of all files below a folder; links count as links."""
    total = 0
    for folder, _, names in os.walk(place):
        for name in names:
            try:
                total += os.lstat(Path(folder, name)).st_size
            except OSError:
                continue
    return total
