"""The store with many writers, simultaneous first starts, and a server that becomes unavailable."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.tracking.address import tracking_uri
from pipelines.tracking.artifacts import samples
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.runs import create_run, get_run, list_runs, set_status
from pipelines.tracking.writer import RunWriter
from sem_models.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


def start(code: str, home: Path, *arguments: str) -> subprocess.Popen:
    environment = {**os.environ, "SEM_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), *arguments], env=environment)


@pytest.mark.faults
def test_four_processes_open_a_fresh_folder_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    code = """
        from pipelines.tracking.runs import create_run
        create_run("sem", "x", "training", {"a": 1}, {})
    """
    processes = [start(code, tmp_path) for _ in range(4)]
    assert [process.wait(120) for process in processes] == [0, 0, 0, 0]
    assert len(list_runs("sem")) == 4
    assert (tmp_path / "mlruns" / "mlflow.db-wal").exists() or (tmp_path / "mlruns" / "mlflow.db").exists()
    import sqlite3

    assert sqlite3.connect(tmp_path / "mlruns" / "mlflow.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.faults
def test_eight_writers_lose_no_metric(sem_home: Path) -> None:
    """Two writers in each of four processes: each has its own thread, and a process takes seconds to import."""
    code = """
        import sys
        from pipelines.home import home
        from pipelines.tracking.writer import RunWriter
        with (
            RunWriter(sys.argv[1], home().work / sys.argv[1]) as one,
            RunWriter(sys.argv[2], home().work / sys.argv[2]) as other,
        ):
            for step in range(500):
                for writer in (one, other):
                    writer.metrics(step, {"train/l1": step * 0.5, "lr": 1e-3})
    """
    run_ids = [create_run("sem", f"w{k}", "training", {}, {}) for k in range(8)]
    processes = [start(code, sem_home, *run_ids[k : k + 2]) for k in range(0, 8, 2)]
    assert [process.wait(180) for process in processes] == [0] * 4
    for run_id in run_ids:
        assert metric_history(run_id, "train/l1") == [(step, step * 0.5) for step in range(500)]
        assert len(metric_history(run_id, "lr", after_step=399)) == 100


def test_steps_done_twice_count_once(sem_home: Path) -> None:
    run_id = create_run("sem", "x", "training", {}, {})
    with RunWriter(run_id, sem_home / "work") as writer:
        for step, value in ((1, 1.0), (2, 2.0), (2, 2.5), (3, 3.0)):
            writer.metrics(step, {"m": value})
            time.sleep(0.005)
    assert metric_history(run_id, "m") == [(1, 1.0), (2, 2.5), (3, 3.0)]


def test_states_samples_and_checkpoints(sem_home: Path) -> None:
    run_id = create_run("sem", "x", "training", {"train.steps": 3}, {"sem.task": "t"})
    assert get_run(run_id).status == "SCHEDULED"
    folder = sem_home / "checkpoint-last"
    folder.mkdir()
    image = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    with RunWriter(run_id, sem_home / "work") as writer:
        for step in (10, 20):
            (folder / "state.pt").unlink(missing_ok=True)
            (folder / "state.pt").write_text(str(step))
            writer.checkpoint(step, folder, "last")
            writer.sample(step, "C1 #2.tif", {"input": image, "floor": image, "output": image, "target": image})
    stored = samples(run_id)
    assert stored.steps == (10, 20)
    assert stored.names == ("C1_2.tif",)
    from pipelines.tracking.artifacts import fetch

    assert fetch(run_id, "checkpoints/last/state.pt").read_text() == "20"
    assert fetch(run_id, stored.path("C1_2.tif", "output", 10)).is_file()
    assert fetch(run_id, stored.path("C1_2.tif", "target", 10)).is_file()
    set_status(run_id, "FAILED", "because")
    run = get_run(run_id)
    assert (run.status, run.tags["sem.reason"], run.params["train.steps"]) == ("FAILED", "because", "3")
    assert run.ended is not None
    with pytest.raises(UserError, match="no run 'nothing'"):
        get_run("nothing")


def test_samples_in_colour_throughout_are_shown_as_they_are(sem_home: Path) -> None:
    from pipelines.tracking.artifacts import fetch

    run_id = create_run("sem", "x", "training", {}, {})
    colours = np.random.default_rng(0).random((16, 16, 3), dtype=np.float32)
    baseline = np.full((16, 16), 0.2, np.float32)
    with RunWriter(run_id, sem_home / "work") as writer:
        writer.sample(10, "c", {"input": colours, "floor": baseline, "output": colours, "target": colours})
    stored = samples(run_id)
    for panel, expected in (("output", colours), ("target", colours), ("floor", baseline)):
        seen = np.asarray(Image.open(fetch(run_id, stored.path("c", panel, 10))))
        assert np.array_equal(seen, np.rint(255 * expected))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def serve(home: Path, port: int) -> subprocess.Popen:
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{home}/server.db"]
    command += ["--artifacts-destination", str(home / "files"), "-p", str(port), "--workers", "1"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return process
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the tracking server did not start")


def stop(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.faults
def test_an_unavailable_server_loses_nothing(tmp_path: Path, sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.tracking.writer._PERIOD_S", 0.2)
    port = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    assert tracking_uri().startswith("http")
    server = serve(tmp_path, port)
    try:
        run_id = create_run("sem", "x", "training", {}, {})
        folder = tmp_path / "checkpoint-last"
        folder.mkdir()
        (folder / "state.pt").write_text("late")
        writer = RunWriter(run_id, tmp_path / "work")
        slowest = 0.0
        for step in range(100):
            if step == 30:
                stop(server)
            if step == 80:
                writer.checkpoint(step, folder, "last")
            begin = time.monotonic()
            writer.metrics(step, {"m": float(step)})
            slowest = max(slowest, time.monotonic() - begin)
            time.sleep(0.02)  # the sender tries several times before, and while, the server is away
        assert slowest < 1.0, "a step waited for the store"
        server = serve(tmp_path, port)
        assert writer.close(120)
        assert metric_history(run_id, "m") == [(step, float(step)) for step in range(100)]
        from pipelines.tracking.artifacts import get_text

        assert get_text(run_id, "checkpoints/last/state.pt") == "late"
    finally:
        stop(server)
