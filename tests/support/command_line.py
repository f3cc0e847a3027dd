"""The command line, as users run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from pipelines.__main__ import app

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pipelines", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SEM_OFFLINE": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def ok(*arguments: str) -> dict:
    """Run a command in a new process, as users do, and expect success."""
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def here(*arguments: str) -> dict:
    """Run a command in this process, because starting an interpreter takes seconds, and expect success."""
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.strip().splitlines()[-1])
