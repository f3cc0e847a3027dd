"""The dashboard, started from the command line."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.app import Output, command

ROOT = Path(__file__).resolve().parents[2]


@command(name="app")  # noqa: RET503  (execve does not return)
def start(
    out: Output,  # noqa: ARG001 - the dashboard speaks for itself
    port: Annotated[int, typer.Option(help="Port of the dashboard.")] = 8501,
) -> int:
    """Open the dashboard in the browser; Ctrl-C stops it, while trainings continue."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    call = [sys.executable, "-m", "pages", "--server.port", str(port)]
    environment = {**os.environ, "PYTHONPATH": path}
    if sys.platform == "win32":
        return subprocess.run(call, check=False, env=environment).returncode  # noqa: S603  (our own module, no shell)
    # In the place of this process: a signal that ends a parent would leave the dashboard running.
    os.execve(sys.executable, call, environment)  # noqa: S606  (our own module, no shell)
