"""A live view reads only new metrics, from the database or through MLflow, and shows what MLflow itself returns."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mlflow.entities import Metric

from pipelines.tracking import database, metrics
from pipelines.tracking.database import Point
from pipelines.tracking.metrics import GrowingCurves, curves_of_run, stored_points
from pipelines.tracking.runs import create_run
from pipelines.tracking.store import client


@pytest.fixture(params=["database", "server"])
def rows_read(request: pytest.FixtureRequest, sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows that each look at a curve has read; through MLflow, the last known one is among them."""
    read: list[int] = []
    way = metrics.read_curve if request.param == "database" else metrics._points_of_server
    monkeypatch.setattr(metrics, "_counts_rows", lambda: request.param == "server")

    def counted(run_id: str, key: str, after_row: int) -> tuple[list[Point], int]:
        points, row = way(run_id, key, after_row)
        read.append(len(points))
        return points, row

    monkeypatch.setattr(metrics, "_points_after", counted)
    return read


def log(run_id: str, steps: range, at: int, offset: float = 0.0) -> None:
    """Log one value for each step, with timestamps from `at` ms on."""
    points = [Metric("train/l1", step + offset, at + index, step) for index, step in enumerate(steps)]
    client().log_batch(run_id, metrics=points)


def by_mlflow(run_id: str) -> list[tuple[int, float]]:
    """(step, value) in order, the later value of each step."""
    points = sorted(client().get_metric_history(run_id, "train/l1"), key=lambda point: point.timestamp)
    return sorted({point.step: point.value for point in points}.items())


def test_only_new_rows_are_read(rows_read: list[int]) -> None:
    run_id = create_run("sem", "x", "training", {}, {})
    seen = GrowingCurves(run_id)
    assert seen.points("train/l1") == []
    log(run_id, range(1, 301), at=1000)
    client().log_metric(run_id, "val/psnr_db", 30.0, step=1)
    assert seen.points("train/l1") == [(step, float(step)) for step in range(1, 301)]
    log(run_id, range(301, 304), at=2000)
    rows_read.clear()
    assert seen.points("train/l1") == [(step, float(step)) for step in range(1, 304)]
    assert seen.points("train/l1") is seen.points("train/l1")
    again = 1 if metrics._counts_rows() else 0
    assert rows_read == [3 + again, again, again]


def test_a_clock_that_is_set_back_hides_no_new_value(rows_read: list[int]) -> None:
    """Values that are stored later have earlier times."""
    run_id = create_run("sem", "x", "training", {}, {})
    seen = GrowingCurves(run_id)
    log(run_id, range(1, 11), at=4_000_000)
    assert len(seen.points("train/l1")) == 10
    for step in range(11, 15):
        log(run_id, range(step, step + 1), at=400_000 + step)
        assert seen.points("train/l1") == [(each, float(each)) for each in range(1, step + 1)]


def test_steps_done_again_by_a_resumed_run_count_with_the_later_value(rows_read: list[int]) -> None:
    run_id = create_run("sem", "x", "training", {}, {})
    seen = GrowingCurves(run_id)
    log(run_id, range(1, 11), at=1000)
    seen.points("train/l1")
    log(run_id, range(6, 13), at=2000, offset=0.5)
    assert seen.points("train/l1") == by_mlflow(run_id)
    assert seen.points("train/l1")[4:6] == [(5, 5.0), (6, 6.5)]
    assert stored_points(run_id, after_step=9) == {("train/l1", step) for step in (10, 11, 12)}


def test_a_history_longer_than_a_page_is_read_to_its_end(rows_read: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_PAGE", 40)
    run_id = create_run("sem", "x", "training", {}, {})
    log(run_id, range(1, 101), at=1000)
    seen = GrowingCurves(run_id)
    assert seen.points("train/l1") == by_mlflow(run_id)
    assert len(seen.points("train/l1")) == 100


def test_a_curve_is_found_by_its_own_index(sem_home: Path) -> None:
    """Through the index that begins with the key, SQLite would pass over the curves of all runs."""
    run_id = create_run("sem", "x", "training", {}, {})
    log(run_id, range(1, 11), at=1000)
    with database._embedded() as ask:
        for query, given in ((database._WHOLE, (run_id, "train/l1")), (database._NEW, (run_id, "train/l1", 5))):
            (plan,) = ask(f"EXPLAIN QUERY PLAN {query}", *given)
            assert "index_metrics_run_uuid" in plan[-1]


def test_however_many_watch_a_run_its_points_are_read_once(rows_read: list[int]) -> None:
    run_id = create_run("sem", "x", "training", {}, {})
    log(run_id, range(1, 51), at=1000)
    with ThreadPoolExecutor(8) as people:
        seen = list(people.map(lambda _: curves_of_run(run_id).points("train/l1"), range(40)))
    assert all(points == by_mlflow(run_id) for points in seen)
    again = 1 if metrics._counts_rows() else 0
    assert sum(rows_read) == 50 + 39 * again
