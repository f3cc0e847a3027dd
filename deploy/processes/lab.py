"""All services of a laboratory as processes of this machine, until one of them ends or Ctrl-C.

PYTHON deploy/processes/lab.py deploy/processes/lab.env

PYTHON is that of the environment in which SEM Workbench is installed with the extra `lab`. PostgreSQL must be running.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

_READY_WITHIN_S = 600
_SAVE_WITHIN_S = 30


def settings(path: Path) -> dict[str, str]:
    """Read lines of NAME=VALUE; what the environment already has counts more."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {**{name: value for name, _, value in pairs}, **os.environ}


def tracking_command(lab: Mapping[str, str]) -> list[str]:
    """Return the command of MLflow's tracking server, which makes the tables of a new database."""
    options = {
        "app-name": "basic-auth",
        "artifacts-destination": f"{lab['SEM_HOME']}/mlruns/artifacts",
        "host": "127.0.0.1",
        "port": lab["TRACKING_PORT"],
        "workers": "2",
        "allowed-hosts": lab["TRACKING_HOSTS"],
        "cors-allowed-origins": lab["TRACKING_ORIGINS"],
    }
    parts = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [sys.executable, "-m", "mlflow", "server", *parts]


def worker_command() -> list[str]:
    """Return the command of the worker, which starts trainings and tasks for the dashboard."""
    return [sys.executable, "-m", "pipelines", "worker"]


def dashboard_command(lab: Mapping[str, str]) -> list[str]:
    """Return the command of the dashboard."""
    return [sys.executable, "-m", "pipelines", "app", "--port", lab["DASHBOARD_PORT"]]


def main(arguments: list[str]) -> int:
    """Start everything in order and end everything together; return the exit status."""
    lab = settings(Path(arguments[0]))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running: list[subprocess.Popen[bytes]] = []
    try:
        running.append(_start(tracking_command(lab), lab))
        # Two programs that made the tables at the same time would break the database.
        _wait_until_ready(f"http://127.0.0.1:{lab['TRACKING_PORT']}/health", running[0])
        running.append(_start(worker_command(), lab))
        running.append(_start(dashboard_command(lab), lab))
        _wait_until_ready(f"http://127.0.0.1:{lab['DASHBOARD_PORT']}/_stcore/health", running[-1])
        sys.stderr.write(f"The lab is open at http://127.0.0.1:{lab['DASHBOARD_PORT']}\n")
        while all(process.poll() is None for process in running):
            time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    finally:
        _end(running)
    return 1


def _start(command: list[str], lab: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    # A session of its own: Ctrl-C reaches only this program, which ends the others in order.
    return subprocess.Popen(command, env=dict(lab), start_new_session=True)  # noqa: S603  (our own commands, no shell)


def _wait_until_ready(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  (http on the loopback)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise SystemExit(f"{address} does not answer; what its process wrote stands above.")


def _end(running: list["subprocess.Popen[bytes]"]) -> None:
    """End the services, the last one first; trainings and tasks, which have sessions of their own, go on."""
    for process in reversed(running):
        process.terminate()
        try:
            process.wait(_SAVE_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
