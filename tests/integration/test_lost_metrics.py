"""kill -9 at any moment, with the store there or away: every point of a run is in the store once."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
import torch

from pipelines.tracking.metric_outbox import MetricOutbox
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.runs import create_run, get_run, run_warnings
from pipelines.tracking.writer import RunWriter
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.training.checkpoint import BEST, LAST, load_state, sound_step
from tests.support.empty_store import add_empty_store
from tests.support.recorder import assert_equal

ROOT = Path(__file__).resolve().parents[2]


def rows(home: Path, run_id: str) -> Counter[tuple[str, int]]:
    """How often each point stands in the table itself, whose readers would count what was done again once."""
    with closing(sqlite3.connect(home / "mlruns" / "mlflow.db")) as database:
        return Counter(database.execute("SELECT key, step FROM metrics WHERE run_uuid = ?", (run_id,)).fetchall())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: making its tables takes seconds."""
    return add_empty_store(tmp_path_factory.mktemp("home"))


@pytest.fixture
def run(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str, Path]:
    """The store, a run in it, and the outbox of the run."""
    monkeypatch.setenv("SEM_HOME", str(store))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return store, create_run("sem", "x", "training", {}, {}), tmp_path / "work" / "outbox-metrics.jsonl"


def test_what_was_not_sent_is_sent_by_the_next_process(run: tuple[Path, str, Path]) -> None:
    home, run_id, path = run
    killed = MetricOutbox(path)
    for step in range(1, 6):
        killed.post_metrics(step, {"m": step / 2, "nan": float("nan")})
    killed.post_tag("sem.warning.contrast", "Step 5: inverted")
    with RunWriter(run_id, path.parent, resumed_at=3) as writer:
        for step in range(4, 8):
            writer.metrics(step, {"m": step / 2, "nan": float("nan")})
    assert rows(home, run_id) == dict.fromkeys([(key, step) for key in ("m", "nan") for step in range(1, 8)], 1)
    assert metric_history(run_id, "m") == [(step, step / 2) for step in range(1, 8)]
    assert run_warnings(run_id) == ["Step 5: inverted"]
    assert path.read_bytes() == b""


def test_killed_between_sending_and_noting_it(run: tuple[Path, str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The store has the points and the file still holds them."""
    home, run_id, path = run

    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    killed = MetricOutbox(path)
    killed.post_metrics(1, {"m": 0.1, "nan": float("nan")})
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "ftruncate", dying)
        killed.send(run_id)
    assert rows(home, run_id) == {("m", 1): 1, ("nan", 1): 1}
    MetricOutbox(path).send(run_id)
    with RunWriter(run_id, path.parent, resumed_at=0) as writer:
        writer.metrics(1, {"m": 0.1, "nan": float("nan")})
    assert rows(home, run_id) == {("m", 1): 1, ("nan", 1): 1}


def test_killed_in_the_middle_of_a_record(run: tuple[Path, str, Path]) -> None:
    """At every byte: whole records count, the one that was cut short is done again."""
    home, run_id, path = run
    first = MetricOutbox(path)
    first.post_metrics(1, {"m": 1.0})
    whole = len(path.read_bytes())
    first.post_metrics(2, {"m": 2.0})
    content = path.read_bytes()
    for length in range(whole, len(content)):
        path.write_bytes(content[:length])
        again = MetricOutbox(path)
        again.post_metrics(3, {"m": 3.0})
        found = MetricOutbox(path)
        assert [(metric.step, metric.value) for metric in found._metrics] == [(1, 1.0), (3, 3.0)]
    found.send(run_id)
    assert rows(home, run_id) == {("m", 1): 1, ("m", 3): 1}


def test_the_working_folder_is_gone(run: tuple[Path, str, Path], tmp_path: Path) -> None:
    """On another machine the store alone says what was told."""
    home, run_id, _ = run
    for resumed_at, folder in ((None, "here"), (3, "elsewhere")):
        with RunWriter(run_id, tmp_path / folder, resumed_at=resumed_at) as writer:
            for step in range(4 if resumed_at else 1, 6):
                writer.metrics(step, {"m": float(step)})
    assert rows(home, run_id) == {("m", step): 1 for step in range(1, 6)}


def test_an_old_file_of_a_run_that_went_on_elsewhere(run: tuple[Path, str, Path], tmp_path: Path) -> None:
    home, run_id, path = run
    MetricOutbox(path).post_metrics(2, {"m": 2.0})
    time.sleep(0.005)  # told again at another time
    with RunWriter(run_id, tmp_path / "elsewhere", resumed_at=1) as writer:
        writer.metrics(2, {"m": 2.0})
    with RunWriter(run_id, path.parent, resumed_at=8) as writer:
        writer.metrics(9, {"m": 9.0})
    assert rows(home, run_id) == {("m", 2): 1, ("m", 9): 1}


def test_a_full_disk_loses_nothing_that_can_still_be_sent(
    run: tuple[Path, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run_id, path = run
    outbox = MetricOutbox(path)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        outbox.post_metrics(1, {"m": 1.0})
    outbox.send(run_id)
    assert rows(home, run_id) == {("m", 1): 1}


_WORKER = textwrap.dedent("""
    import os, signal, sys, threading
    from mlflow.tracking import MlflowClient
    from pipelines.tracking import writer
    from pipelines.train.run import run_training

    run_id, kind, step = sys.argv[1], sys.argv[2], int(sys.argv[3])
    take = MlflowClient.log_batch
    def log_batch(self, *args, **more):
        if kind == "away" and more.get("metrics"):
            raise ConnectionError("away")
        return take(self, *args, **more)
    MlflowClient.log_batch = log_batch
    if kind != "away":
        writer._PERIOD_S = 0.001
    tell = writer.RunWriter.metrics
    def metrics(self, at, values):
        tell(self, at, values)
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)
    writer.RunWriter.metrics = metrics
    run_training(run_id, resume=len(sys.argv) > 4)
""")


def work(home: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """A process that trains a run, with as many threads as this one: sums depend on their number."""
    threads = str(torch.get_num_threads())
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SEM_HOME": str(home), "OMP_NUM_THREADS": threads}
    return subprocess.Popen([sys.executable, "-c", _WORKER, *arguments], cwd=ROOT, env=environment)


def expect_equal(home: Path, killed: str, whole: str) -> None:
    """Every point once, all values but those of speed equal, tensors to the bit."""
    expected = rows(home, whole)
    assert set(expected.values()) == {1}
    assert rows(home, killed) == expected
    for key in get_run(whole).metrics:
        if not key.startswith("speed/"):
            assert metric_history(killed, key) == metric_history(whole, key)
    places = [home / "mlruns" / "work" / run_id for run_id in (killed, whole)]
    for name in (LAST, BEST):
        assert assert_equal(*(load_state(place / name) for place in places)) > 30


@pytest.mark.faults
def test_kill_9_and_resume(sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe) -> None:
    """Before the first checkpoint; between two, with the store away."""
    moments = (("there", 2), ("away", 8))
    whole, *killed = (create_training(tiny_recipe, "small") for _ in range(1 + len(moments)))
    processes = [work(sem_home, run_id, kind, str(step)) for run_id, (kind, step) in zip(killed, moments, strict=True)]
    assert [process.wait(180) for process in processes] == [-signal.SIGKILL] * 2
    run_training(whole)
    assert ("val/psnr_db", 8) in rows(sem_home, whole)
    for run_id in killed:
        run_training(run_id, resume=True)
        expect_equal(sem_home, run_id, whole)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_twenty_kills_at_random(sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe) -> None:
    """Every second time with the store away; nobody knows where the process is when it is killed."""
    moments = random.Random(0)  # noqa: S311
    changes = ["train.steps=6000", "train.checkpoint_every=7", "train.validate_every=25"]
    whole, killed = (create_training(override(tiny_recipe, changes), "small") for _ in range(2))
    folder = sem_home / "mlruns" / "work" / killed
    found = []
    for kill in range(20):
        process = work(sem_home, killed, "away" if kill % 2 else "there", "-1", *(["resume"] if kill else []))
        begun = time.time()
        while not (folder.exists() and any(path.stat().st_mtime > begun for path in _files(folder))):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.5 * moments.random())
        process.kill()
        process.wait()
        found.append(sound_step(folder / LAST))
    assert found[-1] > 0
    run_training(killed, resume=True)
    run_training(whole)
    assert get_run(killed).status == "FINISHED"
    expect_equal(sem_home, killed, whole)


def _files(folder: Path) -> list[Path]:
    return [folder, *folder.glob("*.jsonl")]
