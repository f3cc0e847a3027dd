"""The lab in its plain form: PostgreSQL, tracking server, worker and dashboard on the loopback, driven as people do."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from mlflow.tracking import MlflowClient

from pipelines.home import home
from pipelines.jobs import control, queue
from pipelines.jobs.worker_socket import SOCKET
from pipelines.tracking.runs import get_run
from pipelines.train.create import create_training
from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from tests.support.pages import assert_sound, page
from tests.support.postgres import PASSWORD, free_port, running_postgres

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]
ROOT = Path(__file__).resolve().parents[2]
ADMIN = "a long password 12"


def until(condition: Callable[[], object], seconds: float = 900) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def get(address: str, account: str = "") -> int:
    """The status of the answer."""
    request = urllib.request.Request(address)
    if account:
        request.add_header("Authorization", f"Basic {b64encode(account.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["tuple[subprocess.Popen[bytes], int, int]"]:
    """The lab as `lab.py` starts it, with the ports of dashboard and tracking server; this process shares its store."""
    pytest.importorskip("flask_wtf")
    with running_postgres() as database:
        ports = free_port(), free_port()
        database.create("mlflow")
        address = f"postgresql+psycopg://lab@127.0.0.1:{database.port}/mlflow"
        accounts = (ROOT / "deploy/tracking/auth.ini").read_text().replace("/srv/sem-workbench", str(tmp_path))
        (tmp_path / "auth.ini").write_text(accounts)
        changed = {
            "SEM_HOME": str(tmp_path / "home"), "MLFLOW_TRACKING_URI": address, "MLFLOW_BACKEND_STORE_URI": address,
            "PGPASSWORD": PASSWORD, "DASHBOARD_PORT": str(ports[0]), "TRACKING_PORT": str(ports[1]),
            "MLFLOW_AUTH_CONFIG_PATH": str(tmp_path / "auth.ini"), "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN,
        }  # fmt: skip
        example = (ROOT / "deploy/processes/lab.env.example").read_text().splitlines()
        lines = [f"{name}={changed.get(name, value)}" for name, _, value in (line.partition("=") for line in example)]
        settings = [line for line in lines if not line.startswith(("#", "="))]
        (tmp_path / "lab.env").write_text("\n".join(settings))
        (tmp_path / "home").mkdir()
        for name in changed:
            monkeypatch.delenv(name, raising=False)
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, str(ROOT / "deploy/processes/lab.py"), str(tmp_path / "lab.env")]
        # uvicorn is started by its name.
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        log = (tmp_path / "lab.log").open("wb")
        process = subprocess.Popen(
            command,
            cwd=tmp_path / "home",
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": path, "PATH": programs},
        )
        try:
            until(lambda: b"The lab is open" in (tmp_path / "lab.log").read_bytes() or process.poll() is not None)
            assert process.poll() is None, (tmp_path / "lab.log").read_text()[-3000:]
            for name in ("SEM_HOME", "MLFLOW_TRACKING_URI", "PGPASSWORD"):
                monkeypatch.setenv(name, changed[name])
            yield process, *ports
        finally:
            process.terminate()
            process.wait(120)
            for left in queue.jobs():
                with contextlib.suppress(ProcessLookupError):
                    if left.process.pid:
                        os.kill(left.process.pid, signal.SIGKILL)


def test_a_training_goes_through_the_lab_and_outlives_it(
    lab: "tuple[subprocess.Popen[bytes], int, int]",
    tmp_path: Path,
    tiny_recipe: Recipe,
    small_dataset: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process, dashboard, tracking = lab
    (tmp_path / "datasets").rename(tmp_path / "home" / "datasets")
    assert get(f"http://127.0.0.1:{dashboard}/") == 200

    run_id = create_training(tiny_recipe, "small", "lab")
    control.submit(run_id)
    until(lambda: get_run(run_id).status == "FINISHED")
    for name in ("home", "runs"):
        assert_sound(page(name, run=run_id))
    assert str(tmp_path / "home" / "mlruns" / "artifacts" / "lab") in str(home().artifacts / "lab")
    assert (home().artifacts / "lab" / run_id / "artifacts" / "recipe.json").is_file()

    # Another machine sees the same through the tracking server, with an account.
    server = f"http://127.0.0.1:{tracking}"
    search = f"{server}/api/2.0/mlflow/runs/get?run_id={run_id}"
    assert (get(search), get(search, "admin:wrong"), get(search, f"admin:{ADMIN}")) == (401, 401, 200)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", ADMIN)
    there = MlflowClient(server)
    assert there.get_run(run_id).info.artifact_uri == f"mlflow-artifacts:/lab/{run_id}/artifacts"
    with monkeypatch.context() as remote:
        remote.setenv("MLFLOW_TRACKING_URI", server)
        assert Path(there.download_artifacts(run_id, "recipe.json", str(tmp_path))).read_bytes()
        assert get_run(run_id).status == "FINISHED"

    # The worker, not this process, started the training; it goes on when the lab is stopped.
    longer = create_training(override(tiny_recipe, ["train.steps=100000"]), "small", "lab")
    control.submit(longer)
    until(lambda: get_run(longer).status == "RUNNING")
    pid = queue.find(longer).process.pid
    services = {child.pid for child in psutil.Process(process.pid).children()}
    assert services & {parent.pid for parent in psutil.Process(pid).parents()}
    process.terminate()
    assert process.wait(120) == 0
    assert not (home().jobs / SOCKET).exists()
    for port in (dashboard, tracking):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), 5)
    assert psutil.Process(pid).is_running()
    control.cancel(longer)
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert get_run(longer).status == "KILLED"
    assert {path.name for path in (tmp_path / "home").iterdir()} <= {"datasets", "mlruns", "cache"}
