"""The queue of trainings: a small SQLite table; every claim is one transaction."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pipelines.home import Home, home, writable_home
from pipelines.jobs.liveness import HOST, Process
from pipelines.jobs.slurm_client import SlurmJob
from pipelines.jobs.started import Started
from pipelines.people.lab import find_lab

TRAINING: Final = "train"
"""The use case whose work is in the queue."""
_STARTING_S = 60.0
_DATABASE = "queue.db"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    run_id TEXT PRIMARY KEY, place INTEGER NOT NULL, state TEXT NOT NULL, host TEXT NOT NULL,
    pid INTEGER NOT NULL, started REAL NOT NULL, heartbeat REAL NOT NULL, slot TEXT NOT NULL,
    cancelled INTEGER NOT NULL, step INTEGER NOT NULL, total INTEGER NOT NULL, seconds_left REAL NOT NULL
)
"""
_SLURM_SCHEMA = "CREATE TABLE IF NOT EXISTS slurm_jobs (run_id TEXT PRIMARY KEY, job_id TEXT NOT NULL)"
"""Beside the other table, which earlier versions have made."""


@dataclass(frozen=True)
class Job:
    """One training that waits or runs."""

    run_id: str
    place: int
    state: str
    """`waiting`, `running` or `ended`."""
    process: Process
    heartbeat: float
    slot: str
    cancelled: bool
    step: int
    total: int
    seconds_left: float
    slurm_job: SlurmJob | None = None
    """The job of SLURM that trains it, where it does not run on this machine."""

    @property
    def waits_here(self) -> bool:
        """Whether it waits for a slot of this machine."""
        return self.state == "waiting" and self.slurm_job is None

    @property
    def started(self) -> Started:
        """What runs it."""
        return self.slurm_job or self.process

    @property
    def alive(self) -> bool:
        """Whether its process or job is alive, or has not had time to sign in."""
        age = time.time() - self.heartbeat
        if self.slurm_job is None and self.process.pid == 0:
            return age < _STARTING_S
        return self.started.is_alive(age)


@dataclass(frozen=True)
class JobInfo:
    """A live job for display."""

    run_id: str
    state: str
    position: int | None
    """Place in the queue of this machine, if it waits there."""
    place: str
    """Where in which queue it waits; empty where it runs."""
    is_local: bool
    """Whether it uses a slot of this machine, or waits for one."""
    slot: str
    step: int
    total: int
    seconds_left: float


@contextmanager
def _transaction() -> Iterator[sqlite3.Connection]:
    writable_home().jobs.mkdir(parents=True, exist_ok=True)
    connection = _connection()
    try:
        connection.execute(f"PRAGMA journal_mode={_journal_mode()}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_SCHEMA)
        connection.execute(_SLURM_SCHEMA)
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()


def _connection() -> sqlite3.Connection:
    connection = sqlite3.connect(home().jobs / _DATABASE, timeout=60, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _is_complete(db: sqlite3.Connection) -> bool:
    """Tell whether the tables are there; a queue of an earlier version lacks one until something is written."""
    return len(db.execute("SELECT 1 FROM sqlite_master WHERE name IN ('jobs', 'slurm_jobs')").fetchall()) == 2


def _journal_mode() -> str:
    """Return how the queue is written: a write-ahead log needs memory that the nodes of a cluster do not share."""
    lab = find_lab()
    return "DELETE" if lab and lab.slurm else "WAL"


def enqueue(run_id: str) -> None:
    """Put a run at the end of the queue; its process will `sign_in`."""
    with _transaction() as db:
        place = db.execute("SELECT COALESCE(MAX(place), 0) + 1 FROM jobs").fetchone()[0]
        db.execute(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?, 'waiting', ?, 0, 0, ?, '', 0, 0, 0, 0)",
            (run_id, place, HOST, time.time()),
        )
        db.execute("DELETE FROM slurm_jobs WHERE run_id=?", (run_id,))


def hand_over(run_id: str, job: SlurmJob) -> None:
    """Record that SLURM decides when the run begins."""
    with _transaction() as db:
        db.execute("INSERT OR REPLACE INTO slurm_jobs VALUES (?, ?)", (run_id, job.job_id))


def sign_in(run_id: str, process: Process) -> None:
    """Record the process that will train, which has started."""
    _change(run_id, "host=?, pid=?, started=?, heartbeat=?", process.host, process.pid, process.started, time.time())


def claim(run_id: str, slot: str) -> bool:
    """Go from waiting to running in `slot`; return false where it is not this run's turn."""
    with _transaction() as db:
        waiting = [job for job in _jobs(db) if job.waits_here and job.alive and not job.cancelled]
        first = min(waiting, key=lambda job: job.place, default=None)
        if first is None or first.run_id != run_id:
            return False
        db.execute("UPDATE jobs SET state='running', slot=? WHERE run_id=? AND state='waiting'", (slot, run_id))
        return True


def begin(run_id: str, slot: str) -> None:
    """Go from waiting to running without waiting for a turn, where SLURM has said that it is this run's turn."""
    _change(run_id, "state='running', slot=?", slot)


def wait_again(run_id: str, process: Process) -> bool:
    """Go back to waiting, for SLURM to start the run again; false where another than `process` runs it already."""
    with _transaction() as db:
        changed = db.execute(
            "UPDATE jobs SET state='waiting', slot='' WHERE run_id=? AND state='running' AND pid=? AND started=?",
            (run_id, process.pid, process.started),
        )
        return changed.rowcount == 1


def heartbeat(run_id: str, step: int = 0, total: int = 0, seconds_left: float = 0.0) -> None:
    """Record that the process is alive, and its progress."""
    _change(run_id, "heartbeat=?, step=?, total=?, seconds_left=?", time.time(), step, total, seconds_left)


def request_cancel(run_id: str) -> None:
    """Ask the process to save its state and end."""
    _change(run_id, "cancelled=1")


def end(run_id: str) -> None:
    """Record that the run has left the queue."""
    _change(run_id, "state='ended'")


def end_all(place: Home) -> None:
    """Record that nothing waits or runs in a home folder that is a copy: its processes are those of the original."""
    if not (place.jobs / _DATABASE).exists():
        return
    with contextlib.closing(sqlite3.connect(place.jobs / _DATABASE)) as db, db:
        db.execute(_SCHEMA)
        db.execute(_SLURM_SCHEMA)
        db.execute("UPDATE jobs SET state='ended', pid=0, started=0")
        db.execute("DELETE FROM slurm_jobs")


def find(run_id: str) -> Job | None:
    """Return the job of a run, if it ever had one."""
    return next((job for job in jobs() if job.run_id == run_id), None)


def jobs() -> list[Job]:
    """List all jobs in the order of the queue."""
    if not (home().jobs / _DATABASE).exists():
        return []
    with contextlib.closing(_connection()) as db:
        if not _is_complete(db):
            return []  # its tables are being made
        return _jobs(db)


def position(run_id: str) -> int | None:
    """Count the live jobs that wait here before this one, plus one; None where it does not wait for a slot."""
    waiting = [job.run_id for job in jobs() if job.waits_here and job.alive]
    return waiting.index(run_id) + 1 if run_id in waiting else None


def _change(run_id: str, assignment: str, *values: object) -> None:
    with _transaction() as db:
        db.execute(f"UPDATE jobs SET {assignment} WHERE run_id=?", (*values, run_id))  # noqa: S608  (our own text)


def _jobs(db: sqlite3.Connection) -> list[Job]:
    rows = db.execute("SELECT * FROM jobs LEFT JOIN slurm_jobs USING (run_id) ORDER BY place").fetchall()
    return [
        Job(
            run_id=row["run_id"],
            place=row["place"],
            state=row["state"],
            process=Process(row["host"], row["pid"], row["started"]),
            heartbeat=row["heartbeat"],
            slot=row["slot"],
            cancelled=bool(row["cancelled"]),
            step=row["step"],
            total=row["total"],
            seconds_left=row["seconds_left"],
            slurm_job=SlurmJob(row["job_id"]) if row["job_id"] else None,
        )
        for row in rows
    ]


def active_jobs(among: Sequence[Job] | None = None) -> list[JobInfo]:
    """List the live jobs in the order of the queue, of those that `jobs` has given or of all."""
    live = [job for job in (jobs() if among is None else among) if job.state != "ended" and job.alive]
    here = [job.run_id for job in live if job.waits_here]
    return [_info(job, here) for job in live]


def _info(job: Job, waiting_here: list[str]) -> JobInfo:
    """Describe a job; one that SLURM has queued again after its process was killed waits, whatever that wrote last."""
    position = waiting_here.index(job.run_id) + 1 if job.waits_here else None
    place = f"position {position} in the queue" if position else job.started.waits()
    return JobInfo(
        run_id=job.run_id,
        state="waiting" if place else job.state,
        position=position,
        place=place,
        is_local=job.slurm_job is None,
        slot=job.slot,
        step=job.step,
        total=job.total,
        seconds_left=job.seconds_left,
    )
