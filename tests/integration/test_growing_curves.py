"""A live view reads only new metrics from the store, and shows the same as a complete read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow.entities import Metric
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from pipelines.tracking import metrics
from pipelines.tracking.metrics import GrowingCurves, metric_history
from pipelines.tracking.runs import create_run
from pipelines.tracking.store import client


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows that each query returned."""
    read: list[int] = []
    original: Callable[..., list[Metric]] = SqlAlchemyStore.get_metric_history

    def counted(*arguments: object, **named: object) -> list[Metric]:
        page = original(*arguments, **named)
        read.append(len(page))
        return page

    monkeypatch.setattr(SqlAlchemyStore, "get_metric_history", counted)
    return read


def log(run_id: str, steps: range, at: int, offset: float = 0.0) -> None:
    """Log one value for each step, with timestamps from `at` ms on."""
    points = [Metric("train/l1", step + offset, at + index, step) for index, step in enumerate(steps)]
    client().log_batch(run_id, metrics=points)


def test_only_new_rows_are_read(sem_home: Path, rows_read: list[int]) -> None:
    run_id = create_run("sem", "x", "training", {}, {})
    seen = GrowingCurves(run_id)
    assert seen.points("train/l1") == []
    log(run_id, range(1, 301), at=1000)
    assert seen.points("train/l1") == [(step, float(step)) for step in range(1, 301)]
    log(run_id, range(301, 304), at=2000)
    rows_read.clear()
    assert seen.points("train/l1") == [(step, float(step)) for step in range(1, 304)]
    assert rows_read == [3]


def test_steps_done_again_by_a_resumed_run_count_with_the_later_value(sem_home: Path) -> None:
    run_id = create_run("sem", "x", "training", {}, {})
    seen = GrowingCurves(run_id)
    log(run_id, range(1, 11), at=1000)
    seen.points("train/l1")
    log(run_id, range(6, 13), at=2000, offset=0.5)
    assert seen.points("train/l1") == metric_history(run_id, "train/l1")
    assert seen.points("train/l1")[4:6] == [(5, 5.0), (6, 6.5)]


def test_a_history_longer_than_a_page_is_read_to_its_end(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_PAGE", 40)
    run_id = create_run("sem", "x", "training", {}, {})
    log(run_id, range(1, 101), at=1000)
    seen = GrowingCurves(run_id)
    assert seen.points("train/l1") == metric_history(run_id, "train/l1")
    assert len(seen.points("train/l1")) == 100
