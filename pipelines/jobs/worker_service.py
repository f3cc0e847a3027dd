"""A service that starts trainings and tasks for the dashboard, so that neither its restart nor its end touches them.

Where an operating system ends a service with all that it has started (systemd, containers), background work would
otherwise end with every restart of the dashboard.
"""

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from filelock import FileLock, Timeout

from pipelines.home import home, writable_home
from pipelines.jobs import fork_server
from pipelines.jobs.executor import start_here
from pipelines.jobs.fork_server import Start
from pipelines.jobs.worker_socket import SOCKET, reachable
from sem_models.errors import UserError

_REQUEST_WITHIN_S = 10.0


def serve(ready: Callable[[], None]) -> None:
    """Start what is asked for until SIGINT or SIGTERM; what was started goes on.

    Raises:
        UserError: Another worker serves this home folder, or the system is not Linux.
    """
    if sys.platform != "linux":
        raise UserError("A worker service needs Linux; elsewhere the dashboard starts background work itself.")
    writable_home().jobs.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), _only_one(), _listening() as listener, fork_server.fork_server():
        ready()
        while True:
            channel, _ = listener.accept()
            with channel:
                _answer(channel)


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    try:
        with FileLock(home().jobs / "worker.lock", timeout=0):
            yield
    except Timeout as error:
        raise UserError(f"A worker is running already for {home().root}.") from error


@contextlib.contextmanager
def _listening() -> Iterator[socket.socket]:
    path = home().jobs / SOCKET
    path.unlink(missing_ok=True)  # of a worker that was killed
    with socket.socket(socket.AF_UNIX) as listener:
        before = os.umask(0o077)
        try:
            with reachable(home().jobs) as address:
                listener.bind(address)
        finally:
            os.umask(before)
        listener.listen()
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def _answer(channel: socket.socket) -> None:
    """Start one process and reply its number; the worker's own environment counts, such as its GPUs."""
    channel.settimeout(_REQUEST_WITHIN_S)
    # Whoever asked may be gone, or have sent something else.
    with contextlib.suppress(OSError, ValueError, TypeError):
        start = Start(**json.loads(channel.makefile().readline()))
        pid = start_here(replace(start, environment={**start.environment, **os.environ}))
        channel.sendall(f"{pid}\n".encode())
