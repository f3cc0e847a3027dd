"""Whether a process is still the one that was started, and still alive."""

import os
import socket
from dataclasses import dataclass

import psutil

HOST = socket.gethostname()
STALE_AFTER_S = 180.0
"""A process on another machine counts as dead if its heartbeat is older than this."""


@dataclass(frozen=True)
class Process:
    """A process that cannot be confused with a later one of the same number."""

    host: str
    pid: int
    started: float


def this_process() -> Process:
    """Describe the calling process."""
    return describe(os.getpid())


def describe(pid: int) -> Process:
    """Describe a process of this machine; its start is 0 if it has already ended."""
    try:
        return Process(HOST, pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return Process(HOST, pid, 0.0)


def is_alive(process: Process, heartbeat_age_s: float) -> bool:
    """Compare number and start, and exclude zombies, on this machine; elsewhere ask for a fresh heartbeat."""
    if process.host != HOST:
        return heartbeat_age_s < STALE_AFTER_S
    try:
        found = psutil.Process(process.pid)
        same = abs(found.create_time() - process.started) < 1.0
        return bool(same and found.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
