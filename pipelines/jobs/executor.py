"""Where detached work runs: as processes of this machine, or by another `Executor` as jobs of a cluster."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipelines.home import home
from pipelines.jobs import fork_server, worker_socket
from pipelines.jobs.liveness import Process, describe
from pipelines.jobs.started import Started

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Needs:
    """What work needs of the machine that it runs on, and whether it can be interrupted."""

    name: str = "work"
    """For people who look at the processes or jobs of a machine."""
    devices: int = 1
    goes_on: bool = False
    """Whether the same module, started again with the same arguments, goes on where it was stopped."""


NOTHING_SPECIAL = Needs()


class Executor(Protocol):
    """Starts Python modules that outlive their starter."""

    def launch(self, module: str, arguments: Sequence[str], log: Path, needs: Needs = NOTHING_SPECIAL) -> Started:
        """Start `python -m module arguments` with output appended to `log`.

        The module has a function `main` that takes the arguments and returns the exit status.

        Raises:
            UserError: It could not be started.
        """

    def launch_copies(
        self, count: int, module: str, arguments: Sequence[str], log: Path, needs: Needs = NOTHING_SPECIAL
    ) -> list[Started]:
        """Start it `count` times; each of them appends to a log of its own, whose name begins like that of `log`."""


class LocalExecutor:
    """Starts processes in sessions of their own: they survive the web server, Ctrl-C and a closed terminal.

    Where a worker service is running, it starts them, so that they survive the service of the web server as well.
    """

    def launch(self, module: str, arguments: Sequence[str], log: Path, needs: Needs = NOTHING_SPECIAL) -> Process:  # noqa: ARG002  (trainings wait for slots)
        """See `Executor`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **own_environment()}
        start = fork_server.Start(module, arguments, environment, str(home().root), str(log))
        return describe(worker_socket.launch(start) or start_here(start))

    def launch_copies(
        self, count: int, module: str, arguments: Sequence[str], log: Path, needs: Needs = NOTHING_SPECIAL
    ) -> list[Started]:
        """See `Executor`."""
        logs = [log.with_stem(f"{log.stem}-{number}") for number in range(count)]
        return [self.launch(module, arguments, one, needs) for one in logs]


def own_environment() -> dict[str, str]:
    """Return what a process of this workbench must find in its environment, wherever it runs."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"SEM_HOME": str(home().root), "PYTHONPATH": path}


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
