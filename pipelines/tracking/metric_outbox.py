"""Metrics and warnings that wait in a file until the store has taken them, so that not even `kill -9` loses one."""

import contextlib
import json
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from mlflow import entities

from pipelines.tracking.store import client

_BATCH = 1000
Point = tuple[str, int]
"""Key and step of a metric."""


class MetricOutbox:
    """Metrics and tags in a file, with a copy in memory; one thread posts them, another one sends them.

    The file is emptied once everything in it has been sent. After a kill the store may therefore already have some of
    it; it stores a metric with the same key, step, time and value only once.
    """

    def __init__(self, path: Path) -> None:
        """Open the file; what an interrupted run left in it is sent as well."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._metrics: list[entities.Metric] = []
        self._tags: list[entities.RunTag] = []
        self._known: set[Point] = set()
        for record in _records(path):
            self._take(record)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._lock = threading.Lock()

    @property
    def first_step(self) -> int | None:
        """The first step that waits; None if there is none."""
        return min((metric.step for metric in self._metrics), default=None)

    def leave_out(self, stored: Collection[Point]) -> None:
        """From now on, ignore points that the store has or that already wait.

        A resumed run repeats the steps after its checkpoint. On a CPU they give the same values; on a GPU, where the
        last digits may differ, the value that was posted first is kept.
        """
        self._metrics = [metric for metric in self._metrics if (metric.key, metric.step) not in stored]
        self._known = {*stored, *((metric.key, metric.step) for metric in self._metrics)}

    def post_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Write the scalars of one step to the file."""
        new = {key: float(value) for key, value in values.items() if (key, step) not in self._known}
        if new:
            self._post({"step": step, "time_ms": int(time.time() * 1000), "metrics": new})

    def post_tag(self, key: str, value: str) -> None:
        """Write a tag to the file; the newest value of a key counts."""
        self._post({"tag": key, "value": value})

    def flush(self) -> None:
        """Force what was posted onto the disk, where it survives a power cut."""
        with contextlib.suppress(OSError):
            os.fsync(self._file)

    def send(self, run_id: str) -> None:
        """Send everything in the order of posting. If the store raises an error, the rest stays."""
        while self._metrics:
            batch = self._metrics[:_BATCH]
            client().log_batch(run_id, metrics=batch)
            with self._lock:
                del self._metrics[: len(batch)]
        if self._tags:
            tags = list(self._tags)
            client().log_batch(run_id, tags=tags)
            with self._lock:
                del self._tags[: len(tags)]
        with self._lock:
            if not self._metrics and not self._tags:
                os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Close the file; nothing can be posted any more."""
        os.close(self._file)

    def _post(self, record: dict[str, Any]) -> None:
        # The line break comes first: after a write that was cut short, the next record still has a line of its own.
        line = b"\n" + json.dumps(record).encode()
        with self._lock:
            self._take(record)
            # On a full disk the record waits in memory alone; training ends at the next checkpoint, which says why.
            with contextlib.suppress(OSError):
                os.write(self._file, line)

    def _take(self, record: Mapping[str, Any]) -> None:
        if "tag" in record:
            self._tags.append(entities.RunTag(record["tag"], record["value"]))
            return
        when, step = record["time_ms"], record["step"]
        self._metrics += [entities.Metric(key, value, when, step) for key, value in record["metrics"].items()]


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield all complete records of a file; a step whose record was cut short by a kill is repeated."""
    lines = path.read_text(errors="replace").split("\n") if path.is_file() else []
    for line in filter(None, lines):
        with contextlib.suppress(ValueError):
            yield json.loads(line)
