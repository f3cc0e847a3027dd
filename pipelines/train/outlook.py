"""What trains and waits, and when a training that waits, or one that is queued now, will begin."""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.jobs.choice import is_slurm_default
from pipelines.jobs.queue import TRAINING, JobInfo, active_jobs
from pipelines.jobs.slots import slot_names
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo


@dataclass(frozen=True)
class Turn:
    """A training that runs or waits."""

    run_id: str
    name: str
    place: str
    """Where in which queue it waits; empty for one that runs."""
    step: int
    total: int
    """Steps of the training; 0 before its first report."""
    starts_in_s: float | None
    """0 for one that runs; None where nobody knows."""
    takes_s: float | None
    """What is left of it, or the whole of one that waits; None where nobody knows."""


@dataclass(frozen=True)
class Outlook:
    """All trainings that run or wait, in the order of the queue."""

    turns: tuple[Turn, ...]
    next_position: int | None
    """Place of a training that is queued now; None where SLURM will decide."""
    next_starts_in_s: float | None
    """When it would begin; 0: at once; None where nobody knows."""


def outlook(runs: Sequence[RunInfo], devices: int = 1) -> Outlook:
    """Look ahead from the progress of what runs, and from the last speed of the recipes of what waits.

    Args:
        runs: The trainings of the store, the latest first.
        devices: How many GPUs a training needs that is queued now.
    """
    known = {run.run_id: run for run in runs}
    jobs = active_jobs()
    running = [job for job in jobs if job.is_local and job.position is None]
    waiting = [job for job in jobs if job.position is not None]
    elsewhere = [job for job in jobs if not job.is_local]
    left = {job.run_id: _seconds_of(job, known, runs) for job in jobs}
    busy = [left[job.run_id] for job in running for _ in range(_devices(known.get(job.run_id)))]
    free = [0.0] * max(len(slot_names()) - len(busy), 0)
    asked = [(_devices(known.get(job.run_id)), left[job.run_id]) for job in waiting]
    starts = start_times([*busy, *free], [*asked, (devices, 0.0)])
    turns = [_turn(job, known, math.inf if job.place else 0.0, left[job.run_id]) for job in (*running, *elsewhere)]
    turns += [_turn(job, known, start, left[job.run_id]) for job, start in zip(waiting, starts, strict=False)]
    if is_slurm_default(TRAINING):
        return Outlook(tuple(turns), None, None)
    return Outlook(tuple(turns), len(waiting) + 1, _known(starts[-1]))


def start_times(free_in_s: Sequence[float], waiting: Sequence[tuple[int, float]]) -> list[float]:
    """Return in how many seconds each waiting training begins; infinity where that cannot be told.

    Args:
        free_in_s: For each slot, the seconds until it is free; infinity where that is unknown.
        waiting: Number of slots and duration in seconds of each training, in the order of the queue, which holds.
    """
    slots, starts = list(free_in_s), []
    heapq.heapify(slots)
    for count, seconds in waiting:
        taken = [heapq.heappop(slots) for _ in range(min(count, len(slots)))]
        # Nobody overtakes: the slots that are left are free no sooner than these.
        begins = max(taken)
        starts.append(begins)
        for _ in taken:
            heapq.heappush(slots, begins + seconds)
    return starts


def last_speed(recipe: str, runs: Sequence[RunInfo]) -> float | None:
    """Return the training steps per second of the latest run of a recipe; None where none has measured any."""
    speeds = (
        speed for run in runs if run.tags.get(Tag.RECIPE) == recipe and (speed := run.metrics.get("speed/steps_per_s"))
    )
    return next(speeds, None)


def _seconds_of(job: JobInfo, known: "dict[str, RunInfo]", runs: Sequence[RunInfo]) -> float:
    if job.total:
        return job.seconds_left
    run = known.get(job.run_id)
    speed = last_speed(run.tags.get(Tag.RECIPE, ""), runs) if run else None
    return int(run.params["train.steps"]) / speed if run and speed and "train.steps" in run.params else math.inf


def _turn(job: JobInfo, known: "dict[str, RunInfo]", starts_in_s: float, takes_s: float) -> Turn:
    run = known.get(job.run_id)
    name = run.name if run else f"Run {job.run_id[:8]}"
    return Turn(job.run_id, name, job.place, job.step, job.total, _known(starts_in_s), _known(takes_s))


def _known(seconds: float) -> float | None:
    return None if math.isinf(seconds) else seconds


def _devices(run: RunInfo | None) -> int:
    return run.devices if run else 1
