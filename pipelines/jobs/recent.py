"""Background work that runs, waits, or has ended without its owner having looked at it: trainings and tasks alike."""

import time
from dataclasses import dataclass, field, replace
from typing import Literal

from pipelines.jobs import queue
from pipelines.jobs.queue import TRAINING, Job, JobInfo
from pipelines.jobs.seen import is_seen
from pipelines.jobs.tasks import list_tasks
from pipelines.people.permissions import Action, Ownership, may
from pipelines.people.person import Person
from pipelines.tracking.database import has_database
from pipelines.tracking.runs import RunLabel, find_labels

State = Literal["waiting", "running", "done", "failed", "cancelled", "ended"]
_RECENT_S = 86400.0
_UNKNOWN = RunLabel("", Ownership())
"""Of a training whose run is not in this store."""


@dataclass(frozen=True)
class Work:
    """One training or task."""

    work_id: str
    """Run id of a training, else the id of the task."""
    use_case: str
    state: State
    """A training that has left the queue is `ended`; its run says how."""
    done: int
    total: int
    what: str
    """What is counted."""
    seconds_left: float
    place: str = ""
    """Where in which queue it waits."""
    name: str = ""
    """Of the run of a training, where the store knows it, or of what a task makes or changes."""
    model: str = ""
    """Run or model that a task works on."""
    last_alive: float = 0.0
    """When an ended training last reported, in seconds of the epoch: it may have been resumed after somebody looked."""
    ownership: Ownership = field(default_factory=Ownership)
    runs: tuple[str, ...] = ()
    """Trainings that are a part of a task."""

    @property
    def is_live(self) -> bool:
        """Whether it still runs or waits."""
        return self.state in ("waiting", "running")

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


@dataclass(frozen=True)
class RecentWork:
    """What runs for a person, and what stands before it in the queue."""

    own: list[Work]
    """Trainings and tasks, live ones first, then what ended within a day and was not looked at. Admins also have live
    ones of others, which they may cancel."""
    of_others: list[str]
    """Where the other trainings wait or run, one line each; nothing else is said of them, whether shared or not."""

    @property
    def is_live(self) -> bool:
        """Whether something of the person's still runs or waits."""
        return any(work.is_live for work in self.own)


def recent_work(of: Person) -> RecentWork:
    """Look at the queue and at the tasks once."""
    jobs = queue.jobs()
    active = queue.active_jobs(jobs)
    trainings = [work for work in _known_trainings(of, _trainings(jobs, active)) if _concerns(of, work)]
    named = {work.work_id for work in trainings}
    tasks = [work for work in _tasks(of) if _concerns(of, work)]
    everything = [*_apart(trainings, tasks), *tasks]
    live = [work for work in everything if work.is_live]
    ended = [work for work in everything if not work.is_live and not is_seen(work.work_id, of, work.last_alive)]
    return RecentWork(live + ended, [job.place or f"on {job.slot}" for job in active if job.run_id not in named])


def _concerns(of: Person, work: Work) -> bool:
    """Tell whether work is a person's own, or for an admin, still to be cancelled; how it ended is its owner's news."""
    if of.is_local or work.ownership.owner == of.id:
        return True
    return work.is_live and may(of, Action.CHANGE, work.ownership)


def _apart(trainings: list[Work], tasks: list[Work]) -> list[Work]:
    """Leave out trainings that are a part of a task, which is shown; one that was resumed by itself is not."""
    parts = {run: task for task in tasks for run in task.runs}
    return [one for one in trainings if not ((task := parts.get(one.work_id)) and (task.is_live or not one.is_live))]


def _known_trainings(of: Person, trainings: list[Work]) -> list[Work]:
    """Name the trainings and their owners; at a desk, those that are not in this store are kept without a name."""
    # At a desk, the tray needs no store: one that is away must not hold it up.
    labels = find_labels([work.work_id for work in trainings]) if has_database() or not of.is_local else {}
    return [
        replace(work, name=label.name, ownership=label.ownership)
        for work in trainings
        if (label := labels.get(work.work_id) or (_UNKNOWN if of.is_local else None))
    ]


def _trainings(jobs: list[Job], active: list[JobInfo]) -> list[Work]:
    live = [
        Work(
            job.run_id, TRAINING, "waiting" if job.state == "waiting" else "running",
            job.step, job.total, "steps", job.seconds_left, job.place,
        )
        for job in active
    ]  # fmt: skip
    oldest = time.time() - _RECENT_S
    ended = [job for job in jobs if job.state == "ended" and job.heartbeat > oldest]
    return live + [
        Work(job.run_id, TRAINING, "ended", job.step, job.total, "steps", 0.0, last_alive=job.heartbeat)
        for job in reversed(ended)
    ]


def _tasks(of: Person) -> list[Work]:
    oldest = time.time() - _RECENT_S
    return [
        Work(
            task.task_id, task.use_case, task.status, task.done, task.total, task.what, task.seconds_left, task.place,
            name=str(task.request.get("name") or ""), model=str(task.request.get("model", "")),
            ownership=task.ownership, runs=task.runs,
        )
        for task in list_tasks(of)
        if task.is_live or task.started > oldest
    ]  # fmt: skip
