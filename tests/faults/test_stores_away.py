"""Stores that die, are locked or full while a training tells them its curves: every point is there once afterwards."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy
from mlflow.exceptions import MlflowException

from pipelines.home import home
from pipelines.tracking import writer as writing
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.runs import create_run, get_run, list_runs
from pipelines.tracking.store import engine
from pipelines.tracking.writer import RunWriter, has_unsent
from pipelines.train.create import create_training
from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from tests.integration.test_tracking import serve, stop
from tests.support.postgres import Postgres, free_port, running_postgres

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
STEPS = 400
_TRAINER = textwrap.dedent("""
    import sys, time
    from pipelines.tracking import writer
    from pipelines.train.run import run_training

    writer._PERIOD_S = 0.1
    tell = writer.RunWriter.metrics
    def metrics(self, step, values):
        tell(self, step, values)
        time.sleep(0.01)  # so that the store can die between two steps, on fast machines as well
    writer.RunWriter.metrics = metrics
    run_training(sys.argv[1], resume=len(sys.argv) > 2)
""")
Points = Counter[tuple[str, int]]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def train(run_id: str, *more: str) -> "subprocess.Popen[bytes]":
    """A process that trains a run."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", _TRAINER, run_id, *more], cwd=ROOT, env=environment)


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    return override(tiny_recipe, [f"train.steps={STEPS}", "train.validate_every=100", "train.checkpoint_every=50"])


def waiting(run_id: str) -> Path:
    """The file in which points wait for the store."""
    return home().work / run_id / "outbox-metrics.jsonl"


def expect_all(run_id: str, rows: Points) -> None:
    """Every step of every curve of the training, once."""
    assert set(rows.values()) == {1}
    curves = Counter(key for key, _ in rows)
    assert curves["lr"] == curves["train/charbonnier"] == STEPS
    assert curves["val/psnr_db"] == STEPS // 100
    assert [step for step, _ in metric_history(run_id, "lr")] == list(range(1, STEPS + 1))
    assert get_run(run_id).status == "FINISHED"


@pytest.fixture
def database(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    with running_postgres() as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.create("mlflow"))
        yield server
        engine().dispose()


def test_postgresql_is_killed_and_comes_back_during_a_training(
    database: Postgres, small_dataset: Dataset, recipe: Recipe
) -> None:
    run_id = create_training(recipe, "small")
    trainer = train(run_id)
    until(lambda: metric_history(run_id, "lr") or trainer.poll() is not None)
    database.kill()
    until(lambda: waiting(run_id).stat().st_size > 5000 or trainer.poll() is not None)
    assert trainer.poll() is None, "the training goes on without the store"
    database.start()
    assert trainer.wait(240) == 0
    with engine().connect() as opened:
        rows = opened.exec_driver_sql("SELECT key, step FROM metrics WHERE run_uuid = %s", (run_id,)).fetchall()
    expect_all(run_id, Counter(map(tuple, rows)))


def test_the_tracking_server_is_killed_and_then_the_trainer(
    sem_home: Path, small_dataset: Dataset, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waited in the folder of the run is sent by the process that resumes it."""
    port = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    server = serve(tmp_path, port)
    try:
        run_id = create_training(recipe, "small")
        trainer = train(run_id)
        until(lambda: metric_history(run_id, "lr") or trainer.poll() is not None)
        stop(server)
        until(lambda: waiting(run_id).stat().st_size > 5000 or trainer.poll() is not None)
        assert trainer.poll() is None, "the training goes on without the store"
        trainer.kill()
        assert trainer.wait() == -signal.SIGKILL
        assert has_unsent(home().work / run_id)
        server = serve(tmp_path, port)
        assert train(run_id, "resume").wait(240) == 0
        with closing(sqlite3.connect(tmp_path / "server.db")) as stored:
            rows = stored.execute("SELECT key, step FROM metrics WHERE run_uuid = ?", (run_id,)).fetchall()
        expect_all(run_id, Counter(rows))
    finally:
        stop(server)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the lock that every writer needs."""
    with closing(sqlite3.connect(database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


@pytest.mark.parametrize("held_s", [2, pytest.param(30, marks=pytest.mark.slow)])
def test_a_locked_store_is_read_and_loses_nothing(sem_home: Path, held_s: float) -> None:
    """Another program holds it: pages read, whoever writes waits, and a training does not."""
    run_id = create_run("sem", "x", "training", {}, {})
    made: list[str] = []
    with RunWriter(run_id, home().work / run_id) as writer:
        writer.metrics(1, {"m": 1.0})
        until(lambda: metric_history(run_id, "m"))
        with locked(home().database):
            creating = threading.Thread(target=lambda: made.append(create_run("sem", "y", "training", {}, {})))
            creating.start()
            for step in range(2, 200):
                writer.metrics(step, {"m": float(step)})
            time.sleep(held_s)
            assert [run.run_id for run in list_runs()] == [run_id]
            assert metric_history(run_id, "m") == [(1, 1.0)]
            assert has_unsent(home().work / run_id)
        creating.join(120)
    assert metric_history(run_id, "m") == [(step, float(step)) for step in range(1, 200)]
    assert {run.run_id for run in list_runs()} == {run_id, *made} and made


def test_a_store_that_is_locked_for_longer_than_a_writer_waits(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_PERIOD_S", 0.05)
    run_id = create_run("sem", "x", "training", {}, {})
    sqlalchemy.event.listen(engine(), "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout = 50"))
    with locked(home().database):
        writer = RunWriter(run_id, home().work / run_id)
        writer.metrics(1, {"m": 1.0})
        until(lambda: "locked" in writer._last_error)
    assert writer.close(120)
    assert metric_history(run_id, "m") == [(1, 1.0)]


@contextmanager
def full(database: Path) -> Iterator[None]:
    """A disk on which the file of the database cannot grow: what SQLite then says is the same."""
    limit = {"pages": 0}

    def limited(raw: sqlite3.Connection, *_: object) -> None:
        raw.execute(f"PRAGMA max_page_count = {limit['pages'] or 2**30}")

    sqlalchemy.event.listen(engine(), "checkout", limited)
    with closing(sqlite3.connect(database)) as look:
        (limit["pages"],) = look.execute("PRAGMA page_count").fetchone()
    yield
    limit["pages"] = 0


def test_a_disk_that_is_full_when_the_database_grows(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_PERIOD_S", 0.05)
    run_id = create_run("sem", "x", "training", {}, {})
    writer = RunWriter(run_id, home().work / run_id)
    with full(home().database):
        for step in range(1, 3001):
            writer.metrics(step, {"m": float(step)})
        until(lambda: "full" in writer._last_error)
        assert get_run(run_id).status == "SCHEDULED"
        with pytest.raises(MlflowException, match="disk is full"):
            for number in range(1000):
                create_run("sem", f"{number}", "training", {"long": "x" * 5000}, {})
    assert writer.close(120)
    assert metric_history(run_id, "m") == [(step, float(step)) for step in range(1, 3001)]
