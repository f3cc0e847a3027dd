"""Reading the embedded store straight from its SQLite file; everything is written through MLflow.

MLflow's interface makes an object of every parameter of every run, and SQLite looks a curve up through an index that
holds the curves of all runs: with 500 runs of 10,000 steps, a list takes a second of processor time, and a curve 0.6 s.
Reading the same rows here takes 30 and 5 ms, and does not import MLflow, which takes seconds.
"""

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.home import home
from pipelines.tracking.address import BUSY_TIMEOUT_S, is_embedded

_ACTIVE = "lifecycle_stage = 'active'"
_RUNS = f"""
SELECT run_uuid, name, experiment_id, status, start_time, end_time FROM runs
WHERE {_ACTIVE} AND experiment_id IN (SELECT experiment_id FROM experiments WHERE {_ACTIVE})
ORDER BY start_time DESC, run_uuid
"""  # noqa: S608  (our own text)
_RUN = "SELECT run_uuid, name, experiment_id, status, start_time, end_time FROM runs WHERE run_uuid = ?"
_DETAILS = ("SELECT run_uuid, key, value FROM params", "SELECT run_uuid, key, value FROM tags",
            "SELECT run_uuid, key, CASE WHEN is_nan THEN 'nan' ELSE value END FROM latest_metrics")  # fmt: skip
_OF_ONE = " WHERE run_uuid = ?"
# Ordered by step, SQLite uses the index of the curve; otherwise it would use the one that holds the curves of all runs.
_CURVE = """
SELECT rowid, step, timestamp, CASE WHEN is_nan THEN 'nan' ELSE value END FROM metrics WHERE run_uuid = ? AND key = ?
"""
_WHOLE, _NEW = f"{_CURVE} ORDER BY step", f"{_CURVE} AND rowid > ?"


class Point(NamedTuple):
    """One value of a metric."""

    step: int
    timestamp_ms: int
    value: float


@dataclass
class StoredRun:
    """A run as the store holds it."""

    run_id: str
    name: str | None
    experiment: str
    status: str
    start_ms: int | None
    end_ms: int | None
    experiment_id: str = ""
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    """The last value of each."""


def has_database() -> bool:
    """Tell whether the store is the embedded one, and exists."""
    return is_embedded() and home().database.is_file()


def read_runs() -> list[StoredRun]:
    """Read all runs that have not been deleted, newest first."""
    with _reading() as database:
        runs = _runs(database, database.execute(_RUNS))
        params, tags, metrics = (database.execute(text) for text in _DETAILS)
        _fill(runs, params, tags, metrics)
    return list(runs.values())


def read_run(run_id: str) -> StoredRun | None:
    """Read one run, deleted or not; None where there is none with that id."""
    with _reading() as database:
        runs = _runs(database, database.execute(_RUN, (run_id,)))
        params, tags, metrics = (database.execute(text + _OF_ONE, (run_id,)) for text in _DETAILS)
        _fill(runs, params, tags, metrics)
    return runs.get(run_id)


def read_curve(run_id: str, key: str, after_row: int = 0) -> tuple[list[Point], int]:
    """Read the values of a metric that were stored after a row, in no particular order; return the last row as well."""
    with _reading() as database:
        query = (_NEW, (run_id, key, after_row)) if after_row else (_WHOLE, (run_id, key))
        rows = database.execute(*query).fetchall()
    points = [Point(step, time_ms, float(value)) for _, step, time_ms, value in rows]
    return points, max((row for row, *_ in rows), default=after_row)


@contextlib.contextmanager
def _reading() -> Iterator[sqlite3.Connection]:
    """Open the file, which must exist, for one look at it: all that is read belongs to one moment."""
    address = f"{home().database.as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(address, BUSY_TIMEOUT_S, isolation_level=None, uri=True)) as database:
        database.execute("PRAGMA query_only = ON")
        database.execute("BEGIN")
        yield database


def _runs(database: sqlite3.Connection, rows: sqlite3.Cursor) -> dict[str, StoredRun]:
    names = dict(database.execute("SELECT experiment_id, name FROM experiments"))
    return {
        run_id: StoredRun(run_id, name, names.get(experiment, ""), status, start, end, str(experiment))
        for run_id, name, experiment, status, start, end in rows.fetchall()
    }


def _fill(runs: Mapping[str, StoredRun], params: sqlite3.Cursor, tags: sqlite3.Cursor, metrics: sqlite3.Cursor) -> None:
    """Hand out parameters, tags and metrics; rows of runs that are not listed are passed over."""
    rest: defaultdict[str, StoredRun] = defaultdict(lambda: StoredRun("", None, "", "", None, None), runs)
    for run_id, key, text in params:
        rest[run_id].params[key] = text
    for run_id, key, text in tags:
        rest[run_id].tags[key] = text
    for run_id, key, value in metrics:
        rest[run_id].metrics[key] = float(value)
