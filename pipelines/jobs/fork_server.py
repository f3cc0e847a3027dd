"""A process that has imported what background work needs and forks: work begins at once, not after ten seconds.

Only on Linux, where a process may be forked that has one thread and has not touched a GPU. The server ends with the
dashboard that started it; what it has started goes on. It takes about 0.5 GB, most of which its children share.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TextIO

WORK = (
    "pipelines.jobs.run_task",
    "pipelines.cli.task",
    "pipelines.train.worker",
    "sem_models.training.trainer",
    "mlflow.store.tracking.sqlalchemy_store",
    "scipy.stats",
)
"""What tasks and trainings import, and what that imports late."""
_READY = "ready"
_LONGEST_WAIT_S = 10.0


@dataclass(frozen=True)
class Start:
    """A process to be started."""

    module: str
    """Its function `main` takes the arguments and returns the exit status."""
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    """Its working folder."""
    log: str
    """The file that its output is appended to."""


class ForkServer:
    """The dashboard's side of the server."""

    def __init__(self, process: "subprocess.Popen[bytes]", lines: TextIO) -> None:
        """Hold a server that is ready; only `_connect` makes one."""
        self._process, self._lines = process, lines
        self._one_at_a_time = threading.Lock()

    def launch(self, start: Start) -> int | None:
        """Start a process and return its number; None where the server is gone."""
        with self._one_at_a_time:
            try:
                self._lines.write(json.dumps(asdict(start)) + "\n")
                self._lines.flush()
                return int(self._lines.readline())
            except (OSError, ValueError):
                # Whoever asked starts the process in another way; a late answer would start it twice.
                self._process.kill()
                return None


_servers: list[ForkServer] = []


@contextlib.contextmanager
def fork_server(modules: Sequence[str] = WORK, wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Run a server beside the block.

    Args:
        modules: What it imports before it forks.
        wait: Returns when the import, which takes seconds of one core, may begin.
    """
    if sys.platform != "linux":
        yield
        return
    ours, theirs = socket.socketpair()
    threading.Thread(target=_connect, args=(ours, theirs, modules, wait), daemon=True, name="fork server").start()
    try:
        yield
    finally:
        _servers.clear()
        # Not only closed: the thread may still be reading.
        with contextlib.suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)
        ours.close()


def is_ready() -> bool:
    """Tell whether a server has imported all and can fork."""
    return bool(_servers)


def launch(start: Start) -> int | None:
    """Start a process through the server and return its number; None where no server is ready."""
    pid = _servers[0].launch(start) if _servers else None
    if pid is None:
        _servers.clear()
    return pid


def _connect(ours: socket.socket, theirs: socket.socket, modules: Sequence[str], wait: Callable[[], None]) -> None:
    wait()
    command = [sys.executable, "-m", __name__, str(theirs.fileno()), *modules]
    with theirs:
        process = subprocess.Popen(  # noqa: S603  (our own module, no shell)
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
        )
    with contextlib.suppress(OSError, ValueError):
        lines = ours.makefile("rw")
        if lines.readline().strip() == _READY:
            ours.settimeout(_LONGEST_WAIT_S)
            _servers.append(ForkServer(process, lines))
    process.wait()


def main(arguments: list[str]) -> int:
    """Import modules and fork whenever asked; in a child, carry out what was asked for."""
    start = _serve(socket.socket(fileno=int(arguments[0])), arguments[1:])
    return 0 if start is None else _become(start)


def _serve(channel: socket.socket, modules: Sequence[str]) -> Start | None:
    """Return None when the dashboard has ended, and in every child what it has to do."""
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that have ended leave no zombies
    # The dashboard may end at any moment, even before the first word.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError), channel, channel.makefile() as lines:
        channel.sendall(f"{_READY}\n".encode())
        for line in lines:
            pid = os.fork()
            if not pid:
                return Start(**json.loads(line))
            channel.sendall(f"{pid}\n".encode())
    return None


def _become(start: Start) -> int:
    """Turn this child into the process that a fresh interpreter would be, and run its `main`."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(start.folder)
    os.environ.clear()
    os.environ.update(start.environment)
    output = os.open(start.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    sys.argv = [start.module, *start.arguments]
    status: int = importlib.import_module(start.module).main(list(start.arguments))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
