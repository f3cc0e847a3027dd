"""What SLURM says of our jobs, and what it is asked to do with them: through its own commands, without accounting."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from signal import Signals
from typing import Final

from sem_models.errors import UserError

OWN_JOB: Final = "SEM_SLURM_JOB"
"""Environment variable that tells a process in which job it was started by the workbench."""
_FORMAT = "--format=%F|%T|%P|%r"
_FRESH_S = 5.0
_ANSWER_WITHIN_S = 20.0
_WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD")
_ENDED = (
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED",
    "TIMEOUT",
)  # fmt: skip


class Stage(Enum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True)
class Sight:
    """What SLURM says of a job."""

    stage: Stage
    state: str = ""
    """In SLURM's words; empty where it no longer knows the job."""
    reason: str = ""
    """Why it waits, in SLURM's words."""
    position: int | None = None
    """Place among the jobs that wait in the same partition, as far as SLURM shows them to us."""


class SlurmQueue:
    """SLURM's queue as it was a moment ago: one question for all pages and jobs, not one for each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._found: dict[str, Sight] | None = None
        self._ended: dict[str, Sight] = {}

    def look(self, job_id: str, fresh: bool = False) -> Sight | None:
        """Return what SLURM says of a job, or said within the last seconds; None where it does not answer."""
        with self._lock:
            if job_id in self._ended:
                return self._ended[job_id]
            seen = None
            if not fresh and time.monotonic() - self._asked < _FRESH_S:
                seen = self._seen(job_id)
            # One that is missing may be younger than the last answer.
            if seen is None or seen.stage is Stage.ENDED:
                seen = self._seen_now(job_id)
            return seen

    def _seen_now(self, job_id: str) -> Sight | None:
        self._found, self._asked = _ask(), time.monotonic()
        seen = self._seen(job_id)
        if seen and seen.stage is Stage.ENDED:
            self._ended[job_id] = seen
        return seen

    def _seen(self, job_id: str) -> Sight | None:
        return None if self._found is None else self._found.get(job_id, Sight(Stage.ENDED))


_queue = SlurmQueue()


@dataclass(frozen=True)
class SlurmJob:
    """A job, or an array of jobs, that waits in SLURM's queue, runs or has ended."""

    job_id: str

    @property
    def name(self) -> str:
        """Name it for people."""
        return f"SLURM job {self.job_id}"

    def look(self, fresh: bool = False) -> Sight | None:
        """Return what SLURM says of it; None where SLURM does not answer."""
        return _queue.look(self.job_id, fresh)

    def is_alive(self, heartbeat_age_s: float = 0.0) -> bool:  # noqa: ARG002  (as of a process)
        """Tell whether it waits or runs; as long as SLURM does not answer, it does."""
        seen = self.look()
        return seen is None or seen.stage is not Stage.ENDED

    def is_queued(self) -> bool:
        """Ask SLURM whether it waits now."""
        seen = self.look(fresh=True)
        return seen is not None and seen.stage is Stage.WAITING

    def waits(self) -> str:
        """Say at which place and why it waits; nothing where it runs."""
        seen = self.look()
        if seen is None:
            return f"{self.name}; SLURM does not answer"
        if seen.stage is not Stage.WAITING:
            return ""
        return f"position {seen.position} in SLURM's queue ({self.name}: {seen.reason})"

    def end(self) -> str:
        """Say how it ended, where SLURM still knows."""
        seen = self.look(fresh=True)
        return f"{self.name} ended as {seen.state}" if seen and seen.state else f"{self.name} ended"

    def interrupt(self, number: Signals) -> bool:
        """Withdraw it where it waits, else send its processes a signal; tell whether it goes on until they end.

        Raises:
            UserError: SLURM refused, or does not answer.
        """
        _told("scancel", "--state=PENDING", self.job_id)
        seen = self.look(fresh=True)
        if seen and seen.stage is Stage.ENDED:
            return False
        _told("scancel", f"--signal={number.name.removeprefix('SIG')}", self.job_id)
        return True

    def runs(self) -> bool:
        """Tell whether it runs and nobody has cancelled it in SLURM, where it would be ending."""
        seen = self.look(fresh=True)
        return seen is None or seen.state == "RUNNING"

    def requeue(self) -> bool:
        """Let SLURM end it and start it again; false where it will not."""
        return _run("scontrol", "requeue", self.job_id).returncode == 0


def own_job() -> SlurmJob | None:
    """Return the job in which the workbench has started this process."""
    job_id = os.environ.get(OWN_JOB)
    return SlurmJob(job_id) if job_id else None


def was_requeued() -> bool:
    """Tell whether SLURM has started the job of this process before."""
    return own_job() is not None and os.environ.get("SLURM_RESTART_COUNT", "0") != "0"


def largest_array() -> int:
    """Return how many jobs an array may have.

    Raises:
        UserError: SLURM does not answer.
    """
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _told("scontrol", "show", "config"), re.MULTILINE)
    # The setting is the first index that is too large.
    return max(int(found[1]), 1) if found else 1


def read_queue(lines: Sequence[str]) -> dict[str, Sight]:
    """Read the lines of squeue, those that wait in the order of their priority; an array counts as one job.

    Args:
        lines: Job number, state, partition and reason, separated by `|`.
    """
    found: dict[str, Sight] = {}
    waiting: dict[str, int] = {}
    for line in lines:
        job_id, state, partition, reason = line.split("|", 3)
        stage = _stage(state)
        if stage is Stage.WAITING:
            waiting[partition] = waiting.get(partition, 0) + 1
        here = Sight(stage, state, reason, waiting[partition] if stage is Stage.WAITING else None)
        before = found.get(job_id)
        if before is None or _RANK[stage] < _RANK[before.stage]:
            found[job_id] = here
    return found


_RANK: Mapping[Stage, int] = {Stage.RUNNING: 0, Stage.WAITING: 1, Stage.ENDED: 2}
"""Which state of the members of an array is that of the array: the lowest number."""


def _stage(state: str) -> Stage:
    if state in _WAITING:
        return Stage.WAITING
    return Stage.ENDED if state in _ENDED else Stage.RUNNING


def _ask() -> dict[str, Sight] | None:
    answer = _run("squeue", "--noheader", "--states=all", "--sort=-p,i", _FORMAT)
    return None if answer.returncode else read_queue(answer.stdout.splitlines())


def _told(*command: str) -> str:
    answer = _run(*command)
    if answer.returncode:
        raise UserError(f"SLURM refused, or does not answer: {answer.stderr.strip() or command[0]}")
    return answer.stdout


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_ANSWER_WITHIN_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {_ANSWER_WITHIN_S:g} s")
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"there is no {command[0]} on this machine")
