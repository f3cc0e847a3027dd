"""Metrics of runs: written a step at a time, read whole or as they grow."""

import time
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

from pipelines.tracking.address import is_embedded, tracking_uri
from pipelines.tracking.database import Point, has_database, read_curve

_PAGE = 25_000
"""Rows asked for at once, the most that a server gives."""
_SHARED_RUNS = 32
"""Whose curves are kept in memory, those that were looked at last."""


def log_metrics(run_id: str, values: Mapping[str, float], step: int = 0) -> None:
    """Write metrics of one step in one go; for the stream of a training use `RunWriter`."""
    from mlflow import entities

    from pipelines.tracking.store import client

    now = int(time.time() * 1000)
    client().log_batch(run_id, metrics=[entities.Metric(key, value, now, step) for key, value in values.items()])


def metric_history(run_id: str, key: str, after_step: int = -1) -> list[tuple[int, float]]:
    """Return (step, value) in order, one per step: one repeated by a resumed run counts once, with its later value."""
    return [point for point in GrowingCurves(run_id).points(key) if point[0] > after_step]


def stored_points(run_id: str, after_step: int) -> set[tuple[str, int]]:
    """(key, step) of everything that the store holds of a run after a step."""
    from pipelines.tracking.store import client

    keys = client().get_run(run_id).data.metrics
    curves = ((key, _points_after(run_id, key, 0)[0]) for key in keys)
    return {(key, point.step) for key, points in curves for point in points if point.step > after_step}


def curves_of_run(run_id: str) -> "GrowingCurves":
    """Return the curves of a run, which all sessions of this process share: however many watch it, it is read once."""
    return _kept_curves(tracking_uri(), run_id)


@lru_cache(maxsize=_SHARED_RUNS)
def _kept_curves(store: str, run_id: str) -> "GrowingCurves":  # noqa: ARG001  (each store has its own)
    return GrowingCurves(run_id)


class GrowingCurves:
    """All curves of one run, kept between looks at them: only what is new is read. Threads may share it."""

    def __init__(self, run_id: str) -> None:
        """Nothing read yet."""
        self._run_id = run_id
        self._lock = Lock()
        self._latest: defaultdict[str, dict[int, Point]] = defaultdict(dict)
        self._read: defaultdict[str, _Read] = defaultdict(_Read)
        self._curves: dict[str, list[tuple[int, float]]] = {}

    def points(self, key: str) -> list[tuple[int, float]]:
        """Return (step, value) in order, one per step, as `metric_history` does; empty where nothing was written.

        As long as nothing new was written, it is the same list.
        """
        with self._lock:
            return self._points(key)

    def _points(self, key: str) -> list[tuple[int, float]]:
        new, self._read[key] = _new_points(self._run_id, key, self._read[key])
        if new:
            latest = self._latest[key]
            for point in new:
                latest[point.step] = max(point, latest.get(point.step, point), key=_when)
            curve = self._curves.get(key, [])
            added = {point.step for point in new}
            # Mostly, steps follow those before, and a long curve need not be sorted again.
            kept = curve if curve and min(added) > curve[-1][0] else []
            self._curves[key] = kept + sorted((step, latest[step].value) for step in (added if kept else latest))
        return self._curves.get(key, [])


def _when(point: Point) -> int:
    return point.timestamp_ms


class _Read(NamedTuple):
    """How far a curve has been read."""

    row: int = 0
    last: Point | None = None
    """What stood in that row."""


def _new_points(run_id: str, key: str, read: _Read) -> tuple[list[Point], _Read]:
    """Read what was stored since, in any order.

    Where rows are only counted, the last one is read again: if another value stands there now, one was stored that
    belongs before it (a step done again, a clock that was set back), and all are read.
    """
    if read.last and _counts_rows():
        points, row = _points_after(run_id, key, read.row - 1)
        if points and points[0][:2] == read.last[:2]:
            return points[1:], _Read(row, points[-1])
        read = _Read()
    points, row = _points_after(run_id, key, read.row)
    return points, _Read(row, points[-1] if points else read.last)


def _counts_rows() -> bool:
    return not (is_embedded() and has_database())


def _points_after(run_id: str, key: str, row: int) -> tuple[list[Point], int]:
    """Read what stands after a row; return the last row as well."""
    return read_curve(run_id, key, row) if has_database() else _points_of_server(run_id, key, row)


def _points_of_server(run_id: str, key: str, after_row: int) -> tuple[list[Point], int]:
    """Read page by page: MLflow's client reads whole histories only, but a page's token is the number of a row."""
    from mlflow import utils

    from pipelines.tracking.store import client

    store = client()._tracking_client.store
    found: list[Point] = []
    more = True
    while more:
        row = after_row + len(found)
        page = store.get_metric_history(
            run_id, key, _PAGE, utils.search_utils.SearchUtils.create_page_token(row) if row else None
        )
        found += [Point(metric.step, metric.timestamp, metric.value) for metric in page]
        more = bool(page.token)
    return found, after_row + len(found)
