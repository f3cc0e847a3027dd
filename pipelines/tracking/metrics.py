"""Metrics of runs: written a step at a time, read whole or as they grow."""

import time
from collections import defaultdict
from collections.abc import Mapping

from pipelines.tracking.database import Point, has_database, read_curve

_PAGE = 25_000
"""Rows asked for at once, the most that a server gives."""


def log_metrics(run_id: str, values: Mapping[str, float], step: int = 0) -> None:
    """Write metrics of one step in one go; for the stream of a training use `RunWriter`."""
    from mlflow.entities import Metric

    from pipelines.tracking.store import client

    now = int(time.time() * 1000)
    client().log_batch(run_id, metrics=[Metric(key, value, now, step) for key, value in values.items()])


def metric_history(run_id: str, key: str, after_step: int = -1) -> list[tuple[int, float]]:
    """Return (step, value) in order, one per step: one repeated by a resumed run counts once, with its later value."""
    return [point for point in GrowingCurves(run_id).points(key) if point[0] > after_step]


def stored_points(run_id: str, after_step: int) -> set[tuple[str, int]]:
    """(key, step) of everything that the store holds of a run after a step."""
    from pipelines.tracking.store import client

    keys = client().get_run(run_id).data.metrics
    curves = ((key, _new_points(run_id, key, 0)[0]) for key in keys)
    return {(key, point.step) for key, points in curves for point in points if point.step > after_step}


class GrowingCurves:
    """All curves of one run, kept between looks at them: only what is new is read."""

    def __init__(self, run_id: str) -> None:
        """Nothing read yet."""
        self._run_id = run_id
        self._latest: defaultdict[str, dict[int, Point]] = defaultdict(dict)
        self._rows: defaultdict[str, int] = defaultdict(int)
        self._curves: dict[str, list[tuple[int, float]]] = {}

    def points(self, key: str) -> list[tuple[int, float]]:
        """Return (step, value) in order, one per step, as `metric_history` does; empty where nothing was written.

        As long as nothing new was written, it is the same list.
        """
        new, self._rows[key] = _new_points(self._run_id, key, self._rows[key])
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


def _new_points(run_id: str, key: str, after_row: int) -> tuple[list[Point], int]:
    """Read what was stored after a row, in any order; return the last row as well."""
    return read_curve(run_id, key, after_row) if has_database() else _points_of_server(run_id, key, after_row)


def _points_of_server(run_id: str, key: str, after_row: int) -> tuple[list[Point], int]:
    """Read page by page: MLflow's client reads whole histories only, but a page's token is the number of a row."""
    from mlflow.utils.search_utils import SearchUtils

    from pipelines.tracking.store import client

    store = client()._tracking_client.store
    found: list[Point] = []
    more = True
    while more:
        row = after_row + len(found)
        page = store.get_metric_history(run_id, key, _PAGE, SearchUtils.create_page_token(row) if row else None)
        found += [Point(metric.step, metric.timestamp, metric.value) for metric in page]
        more = bool(page.token)
    return found, after_row + len(found)
