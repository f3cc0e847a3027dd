"""Use case: answer requests over HTTP with a registered model or a run, through MLflow's scoring server."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pipelines.model_ref import BaselineRef, RegistryRef
from pipelines.models import model_folder, trained_run
from pipelines.release.requests import ServeRequest
from pipelines.tracking.registry import find_version, save_served
from pipelines.tracking.store import tracking_uri
from sem_models.errors import UserError

_HOST = "127.0.0.1"


def serve(request: ServeRequest) -> int:
    """Serve a model until interrupted; returns the exit status of the server.

    A request is `{"dataframe_split": {"columns": ["image"], "data": [[BASE64_OF_A_TIFF]]}}` to /invocations. Several
    inputs of one model are the pages of one TIFF, in the order of `prepare`, or the channels of one page.
    """
    model = request.model
    if isinstance(model, BaselineRef):
        raise UserError(f"{model}: baselines are not served; name a run or a registered model.")
    with tempfile.TemporaryDirectory() as place:
        if isinstance(model, RegistryRef):
            find_version(model)
            address = str(model)
        else:
            target = Path(place) / "model"
            run = trained_run(model)
            with model_folder(run) as folder:
                save_served(folder, target, run.run_id)
            address = str(target)
        return _run_server(address, request.port)


def _run_server(address: str, port: int) -> int:
    # The server starts `uvicorn` by name, which lies beside this interpreter.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "MLFLOW_TRACKING_URI": tracking_uri()}
    environment["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", address, "--env-manager", "local"]
    process = subprocess.Popen([*command, "-h", _HOST, "-p", str(port)], env=environment, stdout=sys.stderr)  # noqa: S603
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()
