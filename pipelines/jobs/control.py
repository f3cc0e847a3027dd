"""What pages and the command line do with trainings: submit, cancel, resume, find those that died."""

import signal
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock

from pipelines.home import home, writable_home
from pipelines.jobs import queue
from pipelines.jobs.choice import ExecutorName, executor_for
from pipelines.jobs.executor import Executor, Needs
from pipelines.jobs.liveness import HOST
from pipelines.jobs.quotas import within_quota
from pipelines.jobs.slurm_client import SlurmJob
from pipelines.people.acting import acting_person
from pipelines.people.audit import record
from pipelines.people.permissions import Action, require
from pipelines.people.person import Person
from pipelines.tracking.address import is_embedded
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo, get_run, list_runs, set_status, set_tags
from sem_models.errors import UserError

LOST = "without a message (killed, out of memory, machine down); the run can be resumed."
WITHDRAWN = "Cancelled while it waited in the queue."
FORGOTTEN = "No process waited for it: the program was ended, or the store restored; the run can be resumed."
REQUEUED = "SLURM has queued it again; it goes on from its last checkpoint."

_SETTLING_S = 10.0
_QUEUED_WITHIN = timedelta(minutes=2)
"""A run is queued at once when it has been made, or whoever made it was killed."""


def submit(run_id: str, resume: bool = False, executor: ExecutorName | None = None, by: Person | None = None) -> None:
    """Queue a run and start its detached process or its job, for `by` or for whom this process works.

    A new run that is refused has failed: it would wait for ever.

    Raises:
        UserError: The person has as much waiting or running as the lab allows, or has used up a quota; or SLURM did
            not take the job.
    """
    by = by or acting_person()
    try:
        with within_quota(by):
            chosen = executor_for(queue.TRAINING, executor)
            queue.enqueue(run_id)
    except UserError as error:
        if not resume:
            set_status(run_id, "FAILED", str(error))
        raise
    set_status(run_id, "SCHEDULED")
    _launch(run_id, chosen, resume)
    record(by, "resume" if resume else "queue", f"run {run_id}")


def _launch(run_id: str, executor: Executor, resume: bool) -> None:
    arguments = [run_id, "--resume"] if resume else [run_id]
    needs = Needs(f"train-{run_id[:8]}", get_run(run_id).devices, goes_on=True)
    try:
        started = executor.launch("pipelines.train.worker", arguments, log_file(run_id), needs)
    except UserError as error:
        queue.end(run_id)
        set_status(run_id, "FAILED", str(error))
        raise
    if isinstance(started, SlurmJob):
        queue.hand_over(run_id, started)
        set_tags(run_id, {Tag.SLURM_JOB: started.job_id})


def resume(run_id: str, by: Person | None = None, executor: ExecutorName | None = None) -> None:
    """Queue an ended run again, to continue from its last checkpoint.

    Raises:
        UserError: The run is still running, has finished, or belongs to somebody else.
    """
    by = by or acting_person()
    _require_own(run_id, by)
    place = writable_home().running
    place.mkdir(parents=True, exist_ok=True)
    # Who resumes it at the same time finds it in the queue.
    with FileLock(place / f"{run_id}-resumed.lock"):
        refuse_unless_resumable(run_id)
        submit(run_id, resume=True, executor=executor, by=by)


def refuse_unless_resumable(run_id: str) -> None:
    """Raise `UserError` where a run must not be resumed."""
    state = _state_once_settled(run_id)
    if state:
        raise UserError(f"Run {run_id} is still {state}; cancel it before you resume it.")
    if get_run(run_id).status == "FINISHED":
        raise UserError(f"Run {run_id} has finished; start a new run with more steps instead.")


def cancel(run_id: str, by: Person | None = None) -> None:
    """Ask a run to save its state and end as KILLED; a dead one, or one that waits in SLURM's queue, ends at once.

    Raises:
        UserError: It is not running or waiting, or belongs to somebody else, or SLURM does not answer.
    """
    by = by or acting_person()
    _require_own(run_id, by)
    job = queue.find(run_id)
    if job is None or job.state == "ended":
        raise UserError(f"Run {run_id} is not running or waiting; there is nothing to cancel.")
    queue.request_cancel(run_id)
    record(by, "cancel", f"run {run_id}")
    if not job.alive:
        queue.end(run_id)
        set_status(run_id, "KILLED", "Cancelled; its process had already ended.")
    elif not job.started.interrupt(signal.SIGTERM):
        queue.end(run_id)
        set_status(run_id, "KILLED", WITHDRAWN)


def _require_own(run_id: str, by: Person) -> None:
    """Raise `UserError` where a person may not change a run; at a desk, it need not exist in the store."""
    if not by.is_local:
        require(by, Action.CHANGE, get_run(run_id).ownership, f"Run {run_id}")


def reconcile() -> list[str]:
    """Mark runs whose process has died, or never was, as FAILED, with the reason; returns their ids.

    Those that SLURM has queued again, because their node failed or was needed at once, are marked as SCHEDULED.
    """
    live = [job for job in queue.jobs() if job.state != "ended"]
    lost = [job for job in live if not job.alive]
    for job in lost:
        queue.end(job.run_id)
        if get_run(job.run_id).status in ("RUNNING", "SCHEDULED"):
            set_status(job.run_id, "FAILED", f"{job.started.end()} {LOST}")
    for job in live:
        requeued = job.state == "running" and job.slurm_job and job.slurm_job.is_queued()
        if requeued and queue.wait_again(job.run_id, job.process):
            set_status(job.run_id, "SCHEDULED", REQUEUED)
    ours = [run for run in list_runs(kind="training") if _is_ours(run.tags)]
    strays = [run for run in ours if (run.status == "RUNNING" or _is_overdue(run)) and _has_ended_silently(run)]
    for run in strays:
        reason = f"The training process ended {LOST}" if run.status == "RUNNING" else FORGOTTEN
        set_status(run.run_id, "FAILED", reason)
    return [job.run_id for job in lost] + [run.run_id for run in strays]


def _is_overdue(run: RunInfo) -> bool:
    """Tell whether a run was made so long ago that it would have been queued by now."""
    # What is imported or mixed is never queued, and is finished as soon as its weights are stored.
    if run.status != "SCHEDULED" or run.started is None or {Tag.IMPORTED_FROM, Tag.INTERPOLATED_FROM} & run.tags.keys():
        return False
    return datetime.now(UTC) - run.started > _QUEUED_WITHIN


def _has_ended_silently(run: RunInfo) -> bool:
    """Tell whether a run has no process and still its status; processes write how a run ended before they leave it."""
    job = queue.find(run.run_id)
    return (job is None or job.state == "ended") and get_run(run.run_id).status == run.status


def _is_ours(tags: Mapping[str, str]) -> bool:
    """Tell whether this home and host trained a run; an embedded store, which may have moved, has one home.

    It may have been restored on another machine. The queue, which lies beside it, knows what trains on any.
    """
    return is_embedded() or (tags.get(Tag.HOST) == HOST and tags.get(Tag.HOME) == str(home().root))


def _state_once_settled(run_id: str) -> str:
    """Return `waiting`, `running` or nothing; a process that has written how its run ended gets a moment to exit."""
    deadline = time.monotonic() + _SETTLING_S
    while (job := queue.find(run_id)) and job.state != "ended" and job.alive:
        if get_run(run_id).status in ("SCHEDULED", "RUNNING") or time.monotonic() > deadline:
            return job.state
        time.sleep(0.1)
    return ""


def log_file(run_id: str) -> Path:
    """Return the file that the process of a run writes its output to."""
    return home().logs / f"{run_id}.log"
