"""Very many files as arrays of jobs over one ledger: whoever is killed, each file is done once."""

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipelines.predict.files import predict
from pipelines.predict.in_jobs import FOLDER, predict_in_jobs
from pipelines.predict.ledger import NAME
from pipelines.predict.requests import PredictManyRequest, PredictRequest
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.slurm import MAX_ARRAY_SIZE, Cluster

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(3000)]
KILLS, FILES = 20, 600


def images(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for number in range(count):
        pixels = draw.integers(0, 4000, (96, 96, 1), np.uint16)
        write_micrograph(folder / f"{number:04d}.tif", Micrograph(pixels, 2.0))


def digests(folder: Path) -> dict[str, str]:
    """Of the pixels of all results: files also state when they were made."""
    paths = folder.glob("*.tif")
    return {path.name: hashlib.sha256(read_micrograph(path).pixels.tobytes()).hexdigest() for path in paths}


def members(out: Path) -> list[psutil.Process]:
    """The processes that work on a folder, which SLURM has started."""
    request = str(out / FOLDER / "request.json")
    everybody = psutil.process_iter(["cmdline"])
    return [one for one in everybody if (line := one.info["cmdline"] or [])[-1:] == [request] and "srun" not in line[0]]


@contextmanager
def members_killed(ledger: Path, killed: list[int]) -> Iterator[None]:
    """Meanwhile kill -9 members of arrays at random moments, spread over all of the work on any machine."""
    draw, over = random.Random(0), threading.Event()  # noqa: S311
    moments = sorted(draw.sample(range(1, FILES * 9 // 10), KILLS))

    def kill() -> None:
        while moments and not over.wait(0.05):
            done = ledger.read_bytes().count(b"\n") if ledger.exists() else 0
            if done >= moments[0] and (running := members(ledger.parent)):
                moments.pop(0)
                victim = draw.choice(running)
                victim.kill()
                killed.append(victim.pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


def test_twenty_killed_members_lose_and_double_nothing(on_slurm: Cluster, tmp_path: Path) -> None:
    images(tmp_path / "in", FILES)
    inputs = (tmp_path / "in",)
    request = PredictManyRequest(
        model="baseline:nlm", inputs=inputs, out=tmp_path / "out", jobs=2 * MAX_ARRAY_SIZE + 1, executor="slurm"
    )
    killed: list[int] = []
    with members_killed(request.out / NAME, killed):
        result = predict_in_jobs(request)
    assert len(killed) == KILLS, "the work was done before all kills"
    assert (result.done, result.failed, result.by_others) == (FILES, 0, 0)
    lines = [json.loads(line) for line in (request.out / NAME).read_text().splitlines()]
    found = Counter(line["file"] for line in lines if "file" in line)
    assert found == Counter(str(path) for path in (tmp_path / "in").iterdir())
    predict(PredictRequest(model="baseline:nlm", inputs=inputs, out=tmp_path / "plain"))
    assert digests(request.out) == digests(tmp_path / "plain")
    arrays = {path.stem.split("-")[1] for path in (request.out / FOLDER).glob("log-*.txt")}
    assert len(arrays) >= 3, "13 jobs do not fit into two arrays of 6"
