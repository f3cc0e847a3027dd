"""Use case: answer requests over HTTP with a registered model or a run, through MLflow's scoring server."""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from pipelines.model_ref import BaselineRef, RegistryRef, StarterRef
from pipelines.models import model_folder, trained_run
from pipelines.release.requests import ServeRequest
from pipelines.tracking.address import tracking_uri
from pipelines.tracking.registry import local_folder, save_served
from pipelines.tracking.scoring import APPLICATION, scoring_environment
from sem_models.errors import UserError
from sem_models.starters.shelf import starter_folder

_HOST = "127.0.0.1"


def serve(request: ServeRequest) -> int:
    """Serve a model until interrupted; return the exit status of the server.

    A request is `{"dataframe_split": {"columns": ["image"], "data": [[BASE64_OF_A_TIFF]]}}` to /invocations. Several
    inputs of one model are the pages of one TIFF, in the order of `prepare`, or the channels of one page. Larger bodies
    and images than `MOST_BODY_BYTES` and `MOST_REQUEST_SAMPLES` are refused.
    """
    model = request.model
    if isinstance(model, BaselineRef):
        raise UserError(f"{model}: baselines are not served; name a run or a registered model.")
    with contextlib.ExitStack() as opened:
        # Only weights and recipe are taken from the store, never the code that lies beside a registered model.
        if isinstance(model, StarterRef):
            folder, run_id = starter_folder(model.name), None
        elif isinstance(model, RegistryRef):
            folder, run_id = local_folder(model)
        else:
            run = trained_run(model)
            folder, run_id = opened.enter_context(model_folder(run)), run.run_id
        target = Path(opened.enter_context(tempfile.TemporaryDirectory())) / "model"
        save_served(folder, target, run_id or "")
        return _run_server(target, request.port)


def _run_server(model: Path, port: int) -> int:
    environment = {**scoring_environment(model), "MLFLOW_TRACKING_URI": tracking_uri()}
    environment["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    command = [sys.executable, "-m", "uvicorn", APPLICATION, "--host", _HOST, "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=sys.stderr)  # noqa: S603
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()
