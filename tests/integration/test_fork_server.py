"""The fork server: what it starts is a process like any other, and nothing depends on its being there."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pipelines.jobs import fork_server
from pipelines.jobs.executor import LocalExecutor

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking is used on Linux only")

_MODULE = """
import json, os, pathlib, random, signal, sys, time
loaded_by = os.getpid()

def main(arguments):
    facts = {
        "loaded_here": loaded_by == os.getpid(), "session": os.getsid(0), "folder": os.getcwd(),
        "home": os.environ.get("SEM_HOME"), "argv": sys.argv[1:], "drawn": random.random(),
        "children_are_waited_for": signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL,
    }
    pathlib.Path(arguments[0]).write_text(json.dumps(facts))
    print("to standard output"); print("to standard error", file=sys.stderr, flush=True)
    time.sleep(float(arguments[1]))
    return 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def launch(sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, Path]]:
    """Start the module with a number of seconds to sleep; returns process number and log."""
    sem_home.mkdir(exist_ok=True)
    (tmp_path / "worker_for_a_test.py").write_text(_MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(name: str, seconds: float = 0) -> tuple[int, Path]:
        log = tmp_path / f"{name}.log"
        return LocalExecutor().launch("worker_for_a_test", [str(tmp_path / name), str(seconds)], log).pid, log

    return run


@pytest.fixture
def server(launch: Callable[..., tuple[int, Path]]) -> Iterator[None]:
    with fork_server.fork_server(["worker_for_a_test"]):
        _until(fork_server.is_ready)
        yield


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _wait_for(event: threading.Event) -> None:
    event.wait(60)


def _has_ended(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.usefixtures("server")
def test_a_forked_process_is_like_a_fresh_one(
    launch: Callable[..., tuple[int, Path]], sem_home: Path, tmp_path: Path
) -> None:
    facts = []
    for name in ("a", "b"):
        pid, log = launch(name)
        _until(lambda pid=pid: _has_ended(pid))
        facts.append(json.loads((tmp_path / name).read_text()))
        assert facts[-1].pop("session") == pid != os.getsid(0)
        assert facts[-1].pop("argv") == [str(tmp_path / name), "0"]
        assert sorted(log.read_text().splitlines()) == ["to standard error", "to standard output"]
    assert facts[0].pop("drawn") != facts[1].pop("drawn")
    expected = {"folder": str(sem_home), "home": str(sem_home), "children_are_waited_for": True, "loaded_here": False}
    assert facts == [expected, expected]


def test_processes_outlive_the_server(launch: Callable[..., tuple[int, Path]], tmp_path: Path) -> None:
    with fork_server.fork_server(["worker_for_a_test"]):
        _until(fork_server.is_ready)
        pid, _ = launch("a", seconds=60)
        _until((tmp_path / "a").exists)
        server = psutil.Process(pid).ppid()
        assert server != os.getpid()
    _until(lambda: _has_ended(server))
    assert not fork_server.is_ready()
    assert not _has_ended(pid)
    os.kill(pid, signal.SIGKILL)


@pytest.mark.usefixtures("launch")
def test_a_dashboard_that_ends_at_once_leaves_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    ended = threading.Event()
    with fork_server.fork_server(["worker_for_a_test"], wait=lambda: _wait_for(ended)):
        (thread,) = [one for one in threading.enumerate() if one.name == "fork server"]
    ended.set()
    thread.join(60)
    assert not thread.is_alive()
    assert capfd.readouterr().err == ""


@pytest.mark.faults
def test_what_is_imported_before_a_fork_uses_no_gpu() -> None:
    """A GPU that was counted or used before cannot be chosen or used after a fork."""
    code = """
import importlib, sys, torch
from pipelines.jobs.fork_server import WORK

def used(*_, **__):
    raise SystemExit("a GPU was asked for")

for name in ("device_count", "is_available", "_lazy_init"):
    setattr(torch.cuda, name, used)
for module in WORK:
    importlib.import_module(module)
assert not torch.cuda.is_initialized() and "pipelines.cli.task" in sys.modules
"""
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr[-2000:]


@pytest.mark.usefixtures("server")
def test_without_the_server_processes_are_fresh(launch: Callable[..., tuple[int, Path]], tmp_path: Path) -> None:
    pid, _ = launch("a", seconds=60)
    server = psutil.Process(pid).ppid()
    for process in (server, pid):
        os.kill(process, signal.SIGKILL)
    _until(lambda: _has_ended(server))
    pid, _ = launch("b")
    assert psutil.Process(pid).ppid() == os.getpid()
    _until((tmp_path / "b").exists)
    _until(lambda: _has_ended(pid))
    facts = json.loads((tmp_path / "b").read_text())
    assert facts["loaded_here"] and facts["session"] == pid
