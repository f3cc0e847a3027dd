"""Where detached work runs: as processes on this machine; a cluster scheduler would be another `Executor`."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from pipelines.home import home
from pipelines.jobs import fork_server, worker_socket

ROOT = Path(__file__).resolve().parents[2]


class Executor(Protocol):
    """Starts a Python module that outlives its starter."""

    def launch(self, module: str, arguments: Sequence[str], log: Path) -> int:
        """Start `python -m module arguments` with output appended to `log`; return a process or job number.

        The module has a function `main` that takes the arguments and returns the exit status.
        """


class LocalExecutor:
    """Starts processes in sessions of their own: they survive the web server, Ctrl-C and a closed terminal.

    Where a worker service is running, it starts them, so that they survive the service of the web server as well.
    """

    def launch(self, module: str, arguments: Sequence[str], log: Path) -> int:
        """See `Executor`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "SEM_HOME": str(home().root), "PYTHONPATH": path}
        start = fork_server.Start(module, arguments, environment, str(home().root), str(log))
        return worker_socket.launch(start) or start_here(start)


def start_here(start: fork_server.Start) -> int:
    """Start a process of this service and return its number: a fork where there is a server, else an interpreter."""
    return fork_server.launch(start) or _start(start)


def _start(start: fork_server.Start) -> int:
    """Start a fresh interpreter; returns its process number."""
    with Path(start.log).open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  (our own module, arguments are not given to a shell)
            [sys.executable, "-m", start.module, *start.arguments],
            cwd=start.folder,
            env=start.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return process.pid
