"""Use case: answer requests over HTTP with a registered model, a run or a starter model."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipelines.model_ref import BaselineRef, ModelRef, RegistryRef, StarterRef
from pipelines.models import model_folder, trained_run
from pipelines.release.requests import ServeRequest
from pipelines.tracking.registry import local_folder, save_served
from pipelines.tracking.scoring import APPLICATION, MOST_CONNECTIONS, TOKEN, scoring_environment
from sem_models.errors import FieldRef, UserError
from sem_models.starters.shelf import starter_folder

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SHORTEST_TOKEN = 16


def serve(request: ServeRequest) -> int:
    """Serve a model until interrupted; return the exit status of the server.

    A request is `{"inputs": [IMAGE, ...], "params": {...}}` to /invocations, in any form that MLflow knows. An image is
    the base64 text of a TIFF or PNG file, or nested lists of grey levels. Several inputs of one model are the pages of
    one TIFF, in the order of `prepare`, or the channels of one page. `sem_models.serving` describes the parameters.

    Raises:
        UserError: The model cannot be served, or others could reach the server without a token.
    """
    _require_token(request.host)
    with mlflow_model(request.model) as folder:
        return _run_server(folder, request)


@contextlib.contextmanager
def mlflow_model(model: ModelRef) -> Iterator[Path]:
    """Provide an MLflow model that is made here, while the block runs.

    Only weights and recipe are taken from the store, never the code that lies beside a registered model: whoever can
    write to the store must not be able to run programs on the server.
    """
    if isinstance(model, BaselineRef):
        raise UserError(f"{model}: baselines are not served; name a run or a registered model.")
    with contextlib.ExitStack() as opened:
        if isinstance(model, StarterRef):
            folder, run_id = starter_folder(model.name), None
        elif isinstance(model, RegistryRef):
            folder, run_id = local_folder(model)
        else:
            run = trained_run(model)
            folder, run_id = opened.enter_context(model_folder(run)), run.run_id
        target = Path(opened.enter_context(tempfile.TemporaryDirectory())) / "model"
        save_served(folder, target, run_id or "")
        yield target


def _require_token(host: str) -> None:
    token = os.environ.get(TOKEN, "")
    if token and len(token) < _SHORTEST_TOKEN:
        raise UserError(f"The token in {TOKEN} has fewer than {_SHORTEST_TOKEN} characters; choose a longer one.")
    if not token and host not in _LOOPBACK:
        raise UserError(
            FieldRef("host", host),
            f" can be reached from other machines: put a secret of at least {_SHORTEST_TOKEN} characters into the "
            f"environment variable {TOKEN}, which clients then have to send.",
        )


def _run_server(model: Path, request: ServeRequest) -> int:
    environment = scoring_environment(model, request.time_limit_s, request.workers)
    command = [sys.executable, "-m", "uvicorn", "--factory", APPLICATION, "--host", request.host]
    command += ["--port", str(request.port), "--workers", str(request.workers), "--no-server-header"]
    # Of the two parsers that uvicorn knows, this one refuses headers without end.
    command += ["--http", "h11"]
    command += ["--limit-concurrency", str(MOST_CONNECTIONS)]
    process = subprocess.Popen(command, env=environment, stdout=sys.stderr)  # noqa: S603
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()
