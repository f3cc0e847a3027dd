"""The way from the dashboard to a worker service of the same home folder: a socket that only the same user may open."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from pipelines.home import home
from pipelines.jobs.fork_server import Start
from sem_models.errors import UserError

SOCKET = "worker.sock"
_ANSWER_WITHIN_S = 60.0


def launch(start: Start) -> int | None:
    """Let the worker start a process and return its number; None where no worker is running.

    Raises:
        UserError: The worker did not answer; it may have started the process.
    """
    if not (home().jobs / SOCKET).exists():
        return None
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(_ANSWER_WITHIN_S)
        try:
            with reachable(home().jobs) as path:
                channel.connect(path)
        except ConnectionRefusedError:
            return None
        try:
            channel.sendall(f"{json.dumps(asdict(start))}\n".encode())
            return int(channel.makefile().readline())
        except (OSError, ValueError) as error:
            raise UserError("The worker did not answer; look into its log before you try again.") from error


@contextlib.contextmanager
def reachable(folder: Path) -> Iterator[str]:
    """Provide a path of the socket that is short enough: addresses of sockets have at most 107 characters."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
