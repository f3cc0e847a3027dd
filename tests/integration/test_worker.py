"""The worker service starts processes for others; where there is none, whoever asks starts them itself."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipelines.home import home
from pipelines.jobs import fork_server, worker_service, worker_socket
from pipelines.jobs.executor import LocalExecutor
from pipelines.jobs.fork_server import Start
from pipelines.jobs.worker_socket import SOCKET
from sem_models.errors import UserError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the worker service needs Linux")

_MODULE = """
import os, pathlib, sys
def main(arguments):
    pathlib.Path(arguments[0]).write_text(os.environ["OWN"])
    return 0
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def until(condition) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "started_by_a_worker.py").write_text(_MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("OWN", "of whoever asks")
    return "started_by_a_worker"


@pytest.fixture
def worker(sem_home: Path, module: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker with an environment of its own, which forks nothing: imports take seconds."""
    code = (
        "from pipelines.jobs import fork_server, worker_service\n"
        "fork_server.fork_server.__wrapped__.__defaults__ = ((), lambda: None)\n"
        "worker_service.serve(lambda: print('ready', flush=True))"
    )
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "OWN": "of the worker", "PYTHONPATH": f"{root}:{os.environ['PYTHONPATH']}"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, cwd=root)
    assert process.stdout and process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()


def launch(module: str, note: Path) -> int:
    return LocalExecutor().launch(module, [str(note)], note.with_suffix(".log")).pid


def test_the_worker_starts_what_is_asked_for_in_its_own_environment(
    worker: "subprocess.Popen[bytes]", module: str, tmp_path: Path
) -> None:
    assert (home().jobs / SOCKET).stat().st_mode & 0o077 == 0
    pid = launch(module, tmp_path / "note")
    until((tmp_path / "note").exists)
    until(lambda: (tmp_path / "note").read_text() == "of the worker")
    assert pid not in {child.pid for child in psutil.Process().children()}
    with pytest.raises(UserError, match="already"):
        worker_service.serve(lambda: None)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert not (home().jobs / SOCKET).exists()


def test_without_a_worker_or_after_its_death_processes_are_started_here(
    sem_home: Path, module: str, tmp_path: Path
) -> None:
    home().jobs.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as dead, worker_socket.reachable(home().jobs) as address:
        dead.bind(address)
    launch(module, tmp_path / "note")
    until(lambda: (tmp_path / "note").exists() and (tmp_path / "note").read_text() == "of whoever asks")


def test_a_worker_that_does_not_answer_is_not_taken_for_none(sem_home: Path) -> None:
    """It may have started the process."""
    home().jobs.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        with worker_socket.reachable(home().jobs) as address:
            listener.bind(address)
        listener.listen()
        threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
        with pytest.raises(UserError, match="did not answer"):
            worker_socket.launch(Start("m", [], {}, "/", "/dev/null"))


@pytest.mark.parametrize("said", [b"", b"no JSON\n", b'{"module": "m"}\n', b"[]\n"])
def test_nonsense_ends_nothing(said: bytes, sem_home: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(said)
        ours.shutdown(socket.SHUT_WR)
        worker_service._answer(theirs)
    assert not fork_server.is_ready()
