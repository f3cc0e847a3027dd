"""A registered model answers over HTTP: 16-bit TIFF in, 16-bit TIFF out, equal to the local prediction."""

import base64
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from mlflow import pyfunc

from pipelines.model_ref import RegistryRef
from pipelines.models import resolve_model
from pipelines.release.register import register
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.registry import COLUMN, find_version
from pipelines.tracking.scoring import MOST_BODY_BYTES
from pipelines.tracking.versions import list_versions
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.images.io.write import encode_tiff
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor
from tests.support.tiff import decode_tiff

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "of sixteen letters"  # noqa: S105


def request_image() -> Micrograph:
    pixels = (np.random.default_rng(0).random((60, 45, 1)) * 30000).astype(np.uint16)
    return Micrograph(pixels, 5.0, {}, "request.tif")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ask(port: int, **content: Any) -> list[dict[str, Any]]:
    body = json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["predictions"]


def refusal(port: int, **content: Any) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(port, **content)
    return refused.value.code, json.load(refused.value)["message"]


def restored(answer: list[dict[str, Any]]) -> Micrograph:
    return decode_tiff(base64.b64decode(answer[0]["image"]))


def large_image() -> str:
    """A file of some kilobytes with more pixels than a request may have."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((7000, 7000), np.uint8), compression="zlib", rowsperstrip=7000)
    return base64.b64encode(buffer.getvalue()).decode()


def test_served_registered_model(sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe) -> None:
    run_id = create_training(tiny_recipe, "small")
    run_training(run_id)
    assert register(RegisterRequest(run=run_id, name="m")) == "1"
    assert register(RegisterRequest(run=run_id, name="m", alias="candidate")) == "2"
    versions = {version.version: version for version in list_versions()}
    assert (versions["1"].aliases, versions["2"].aliases) == (("champion",), ("candidate",))
    assert versions["1"].run_id == run_id

    stored = Path(find_version(RegistryRef("m", "champion")).source.removeprefix("file://"))
    files = [path.name for path in stored.rglob("*") if path.is_file()]
    assert "model.safetensors" in files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".pt", ".pth"))]

    image = request_image()
    local = Predictor(resolve_model(RegistryRef("m", "champion")).model).predict(image)
    sent = base64.b64encode(encode_tiff(image)).decode()
    through_mlflow = pyfunc.load_model(find_version(RegistryRef("m", "champion")).source)
    (loaded,) = through_mlflow.predict(pd.DataFrame({COLUMN: [sent]}))[COLUMN]
    back = decode_tiff(base64.b64decode(loaded))
    assert np.array_equal(back.pixels, local.pixels)
    (step,) = back.history
    assert (step.origin, step.run, step.input) == ("restored", run_id, "request.tif")
    assert step.input_sha256 == hashlib.sha256(encode_tiff(image)).hexdigest()

    port = free_port()
    command = [sys.executable, "-m", "pipelines", "serve", "models:/m@champion", "--port", str(port), "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SEM_SERVE_TOKEN": TOKEN}
    server = subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        _check_answers(port, image, local)
        _check_refusals(port)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _check_answers(port: int, image: Micrograph, local: Micrograph) -> None:
    """As files and as numbers, with parameters."""
    sent = base64.b64encode(encode_tiff(image)).decode()
    for form in ({"inputs": [sent]}, {"dataframe_split": {"columns": ["image"], "data": [[sent]]}}):
        answered = restored(ask(port, **form))
        assert answered.pixels.dtype == np.uint16
        assert np.array_equal(answered.pixels, local.pixels)
        assert answered.pixel_size_nm == pytest.approx(2.5)
    as_numbers = ask(port, inputs=[image.pixels[..., 0].tolist()], params={"dtype": "uint16"})
    assert np.array_equal(as_numbers[0]["image"], local.pixels[..., 0])
    options = {"tile_px": 32, "self_ensemble": True, "standard_deviation": True}
    (row,) = ask(port, inputs=[sent], params=options)
    deviation = decode_tiff(base64.b64decode(row["standard_deviation"])).pixels
    assert deviation.dtype == np.float32
    assert deviation.shape == local.pixels.shape
    assert deviation.mean() > 0


def _check_refusals(port: int) -> None:
    for content, reason in (
        ("not base64 of an image", "base64"),
        (base64.b64encode(b"no image").decode(), "not a supported image format"),
        (large_image(), "samples"),
    ):
        status, message = refusal(port, inputs=[content])
        assert status == 400
        assert reason in message
    assert refusal(port, inputs=["A"], params={"tiles": 3})[0] == 400
    assert refusal(port, inputs=["A" * (MOST_BODY_BYTES + 1)])[0] == 413


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the scoring server did not start")
