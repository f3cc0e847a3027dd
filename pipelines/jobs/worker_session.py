"""What a training process holds: its place in the queue, its slot, its heartbeat and its signal handlers."""

import contextlib
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from pipelines.home import writable_home
from pipelines.jobs import queue
from pipelines.jobs.liveness import this_process
from pipelines.jobs.slots import Slot, try_slot, use_slot
from pipelines.jobs.slurm_client import own_job
from sem_models.errors import UserError

_POLL_S = 0.5
_BEAT_S = 5.0
_HANDOVER_S = 120.0
"""A file system that machines share keeps the locks of one that has died for about 90 s."""


class WorkerSession:
    """The context of one training process. SIGTERM, SIGINT and a cancel in the queue all set `should_stop`."""

    def __init__(self, run_id: str, on_wait: Callable[[int], None] | None = None, devices: int = 1) -> None:
        """Prepare a session for a run; `on_wait` is told the position in the queue whenever it changes."""
        self._run_id, self._on_wait, self._devices = run_id, on_wait, devices
        self._stop = threading.Event()
        self._done = threading.Event()
        self._process, self._batch = this_process(), own_job()
        self._comes_again = False
        self._slot: Slot | None = None
        self._place = (0, 0, 0.0)
        self._old: dict[int, Any] = {}
        folder = writable_home().running
        folder.mkdir(parents=True, exist_ok=True)
        self._only_one = FileLock(folder / f"{run_id}.lock")

    def __enter__(self) -> Self:
        """Take a place in the queue.

        Raises:
            UserError: Another process waits or trains for this run: somebody else has resumed it as well.
        """
        try:
            self._only_one.acquire(timeout=_HANDOVER_S)
        except Timeout as error:
            raise UserError(f"Run {self._run_id} has a process already; cancel it before you start another.") from error
        job = queue.find(self._run_id)
        if job is None or job.state != "waiting":
            queue.enqueue(self._run_id)
        queue.sign_in(self._run_id, self._process)
        if self._batch:
            queue.hand_over(self._run_id, self._batch)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._old[number] = signal.signal(number, self._on_signal)
        threading.Thread(target=self._beat, daemon=True, name="heartbeat").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._slot:
            self._slot.release()
        for number, handler in self._old.items():
            signal.signal(number, handler)
        # On a full disk the queue cannot be written either; `reconcile` ends the job once this process is gone.
        if not self._comes_again:
            with contextlib.suppress(sqlite3.Error):
                queue.end(self._run_id)
        self._only_one.release()

    def wait_for_slot(self) -> bool:
        """Wait for the turn of this run and a free slot; return false where it was cancelled before.

        In a job of SLURM it is the turn of this run, and SLURM has chosen the devices.
        """
        if self._batch:
            queue.begin(self._run_id, self._batch.name)
            return not (self._is_cancelled() or self.should_stop())
        reported: int | None = None
        while not self.should_stop():
            position = queue.position(self._run_id)
            if position == 1 and (slot := try_slot(self._devices)):
                if queue.claim(self._run_id, slot.name):
                    self._slot = slot
                    use_slot(slot)
                    return True
                slot.release()
            if position and position != reported:
                reported = position
                if self._on_wait:
                    self._on_wait(position)
            self._stop.wait(_POLL_S)
        return False

    def should_stop(self) -> bool:
        """Tell whether the run has to save its state and end."""
        return self._stop.is_set()

    def may_come_again(self) -> bool:
        """Tell whether a run that was asked to stop is to go on later: SLURM needs its place, or its time is over."""
        return self._batch is not None and not self._is_cancelled() and self._batch.runs()

    def come_again(self) -> bool:
        """Have SLURM end this process and start it again later; false where it refuses."""
        if self._batch is None:
            return False
        self._comes_again = queue.wait_again(self._run_id, self._process) and self._batch.requeue()
        return self._comes_again

    def _is_cancelled(self) -> bool:
        job = queue.find(self._run_id)
        return job is not None and job.cancelled

    def progress(self, step: int, total: int, seconds_left: float) -> None:
        """Store progress, to be shown in the queue with the next heartbeat."""
        self._place = (step, total, seconds_left)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._stop.set()

    def _beat(self) -> None:
        last = 0.0
        while not self._done.wait(1.0):
            # A locked queue or a full disk must not end the heartbeat for good.
            with contextlib.suppress(sqlite3.Error):
                job = queue.find(self._run_id)
                if job and job.cancelled:
                    self._stop.set()
                if time.monotonic() - last > _BEAT_S or self._place[0]:
                    last = time.monotonic()
                    queue.heartbeat(self._run_id, *self._place)
