"""Curves of a run that grows: what was read once is not read again."""

from collections import defaultdict

from mlflow.utils.search_utils import SearchUtils

from pipelines.tracking.store import client

_PAGE = 25_000
"""Rows asked for at once, the most that a server gives."""


class GrowingCurves:
    """All curves of one run, kept between looks at them."""

    def __init__(self, run_id: str) -> None:
        """Nothing read yet."""
        self._run_id = run_id
        self._values: dict[str, dict[int, float]] = defaultdict(dict)
        self._rows: dict[str, int] = defaultdict(int)

    def points(self, key: str) -> list[tuple[int, float]]:
        """(step, value) in order, one a step, as from `metric_history`; empty where nothing was written."""
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
