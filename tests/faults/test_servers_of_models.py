"""The same model behind `sem-workbench serve` and behind plain `mlflow models serve`, with real processes."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pipelines.model_ref import RegistryRef
from pipelines.models import resolve_model
from pipelines.people.person import local_person
from pipelines.tracking.address import tracking_uri
from pipelines.tracking.registry import register_model
from pipelines.tracking.runs import create_run
from sem_models.config.recipe import Recipe
from sem_models.images.io.write import encode_tiff
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import save_model
from sem_models.networks.table import build_network
from tests.support.postgres import free_port
from tests.support.tiff import decode_tiff

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
CLIENTS = 20


@contextmanager
def running(*command: str, port: int) -> Iterator[int]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # uvicorn is started by its name
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path, "MLFLOW_TRACKING_URI": tracking_uri()}
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--port", str(port)], env=environment, start_new_session=True
    )
    try:
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait(port: int) -> None:
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the server did not start")


def restored(port: int, image: Micrograph) -> Micrograph:
    body = json.dumps({"inputs": [base64.b64encode(encode_tiff(image)).decode()]}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=240) as answer:
        (row,) = json.load(answer)["predictions"]
    return decode_tiff(base64.b64decode(row["image"]))


def image_of(client: int) -> Micrograph:
    pixels = np.random.default_rng(client).integers(0, 30_000, (40 + client, 50, 1), dtype=np.uint16)
    return Micrograph(pixels, 5.0)


def test_both_answer_as_the_model_does_and_twenty_clients_get_their_own_images(
    sem_home: Path, tiny_recipe: Recipe
) -> None:
    run_id = create_run("sem", "a run", "training", {}, {})
    (sem_home / "made").mkdir()
    save_model(sem_home / "made", tiny_recipe, build_network(tiny_recipe.network).state_dict())
    register_model(run_id, sem_home / "made", "m", "champion", {}, local_person())
    predictor = Predictor(resolve_model(RegistryRef("m", "champion")).model)
    expected = [predictor.predict(image_of(client)) for client in range(CLIENTS)]
    ours = ["pipelines", "serve", "models:/m@champion"]
    theirs = ["mlflow", "models", "serve", "-m", "models:/m@champion", "--env-manager", "local"]
    with running(*ours, port=free_port()) as one, running(*theirs, port=free_port()) as other:
        wait(one)
        wait(other)
        for port in (one, other):
            made = restored(port, image_of(7))
            assert np.array_equal(made.pixels, expected[7].pixels)
            assert (made.pixel_size_nm, made.pixels.dtype) == (pytest.approx(2.5), np.uint16)
        with ThreadPoolExecutor(CLIENTS) as clients:
            answers = list(clients.map(lambda client: restored(one, image_of(client)), range(CLIENTS)))
    for made, wanted in zip(answers, expected, strict=True):
        assert np.array_equal(made.pixels, wanted.pixels)
