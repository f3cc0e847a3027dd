"""Metrics of runs: written a step at a time, read whole or as they grow."""

import time
from collections import defaultdict
from collections.abc import Mapping

from mlflow.entities import Metric
from mlflow.utils.search_utils import SearchUtils

from pipelines.tracking.store import client

_PAGE = 25_000
"""Rows asked for at once, the most that a server gives."""


def log_metrics(run_id: str, values: Mapping[str, float], step: int = 0) -> None:
    """Write metrics of one step in one go; for the stream of a training use `RunWriter`."""
    now = int(time.time() * 1000)
    client().log_batch(run_id, metrics=[Metric(key, value, now, step) for key, value in values.items()])


def metric_history(run_id: str, key: str, after_step: int = -1) -> list[tuple[int, float]]:
    """Return (step, value) in order, one per step: one repeated by a resumed run counts once, with its later value."""
    points = sorted(client().get_metric_history(run_id, key), key=lambda point: point.timestamp)
    return sorted({point.step: point.value for point in points if point.step > after_step}.items())


def stored_points(run_id: str, after_step: int) -> set[tuple[str, int]]:
    """(key, step) of everything that the store holds of a run after a step."""
    store = client()
    keys = store.get_run(run_id).data.metrics
    histories = ((key, store.get_metric_history(run_id, key)) for key in keys)
    return {(key, point.step) for key, history in histories for point in history if point.step > after_step}


class GrowingCurves:
    """All curves of one run, kept between looks at them."""

    def __init__(self, run_id: str) -> None:
        """Nothing read yet."""
        self._run_id = run_id
        self._values: dict[str, dict[int, float]] = defaultdict(dict)
        self._rows: dict[str, int] = defaultdict(int)

    def points(self, key: str) -> list[tuple[int, float]]:
        """Return (step, value) in order, one per step, as `metric_history` does; empty where nothing was written."""
        values = self._values[key]
        values.update(self._new(key))
        return sorted(values.items())

    def _new(self, key: str) -> list[tuple[int, float]]:
        """Rows that were not there before, by time, so that a step that was done again counts with the later value.

        MLflow's client reads whole histories only; the store behind it gives pages, whose token is a row number.
        """
        store = client()._tracking_client.store
        found: list[tuple[int, float]] = []
        more = True
        while more:
            start = SearchUtils.create_page_token(self._rows[key]) if self._rows[key] else None
            page = store.get_metric_history(self._run_id, key, _PAGE, start)
            found += [(metric.step, metric.value) for metric in page]
            self._rows[key] += len(page)
            more = bool(page.token)
        return found
