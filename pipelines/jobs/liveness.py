"""Whether a process is still the one that was started, and still alive."""

import contextlib
import os
import signal
import socket
from dataclasses import dataclass

import psutil

HOST = socket.gethostname()
STALE_AFTER_S = 180.0
"""A process on another machine counts as dead if its heartbeat is older than this."""
_SINCE_1970_S = 1e9
"""No machine has been running for so long: larger times are dates."""


@dataclass(frozen=True)
class Process:
    """A process that cannot be confused with a later one of the same number."""

    host: str
    pid: int
    started: float
    """Seconds from the start of the machine, which do not change when its clock is set; earlier versions: from 1970."""

    def is_alive(self, heartbeat_age_s: float = 0.0) -> bool:
        """Compare number and start, and exclude zombies, on this machine; elsewhere ask for a fresh heartbeat."""
        if self.host != HOST:
            return heartbeat_age_s < STALE_AFTER_S
        try:
            found = psutil.Process(self.pid)
            started = found.create_time() if self.started > _SINCE_1970_S else _started_s(found)
            same = abs(started - self.started) < 1.0
            return bool(same and found.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False

    def waits(self) -> str:
        """Return nothing: a process has begun."""
        return ""

    def end(self) -> str:
        """Say that it ended; how, nobody knows."""
        return "The training process ended"

    def interrupt(self, number: signal.Signals) -> bool:
        """Send a signal to it and to what it has started, if it is on this machine; tell that it goes on until then."""
        if self.host == HOST and self.pid:
            # One that was started in the background leads a group of its own; others share that of a terminal.
            with contextlib.suppress(ProcessLookupError):
                leads = os.getpgid(self.pid) == self.pid
                (os.killpg if leads else os.kill)(self.pid, number)
        return True


def this_process() -> Process:
    """Describe the calling process."""
    return describe(os.getpid())


def describe(pid: int) -> Process:
    """Describe a process of this machine; its start is 0 if it has already ended."""
    try:
        return Process(HOST, pid, _started_s(psutil.Process(pid)))
    except psutil.Error:
        return Process(HOST, pid, 0.0)


def _started_s(process: psutil.Process) -> float:
    """Return when a process began, in seconds from the start of the machine: both dates move when the clock is set."""
    return float(process.create_time() - psutil.boot_time())
