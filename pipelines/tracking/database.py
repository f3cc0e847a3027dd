"""Reading the store straight from its database, SQLite or PostgreSQL; everything is written through MLflow.

MLflow's interface makes an object of every parameter of every run, and SQLite looks a curve up through an index that
holds the curves of all runs: with 500 runs of 10,000 steps, a list takes a second of processor time, and a curve 0.6 s.
Reading the same rows here takes 30 and 5 ms, and of the embedded store does not import MLflow, which takes seconds.
"""

import contextlib
import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from pipelines.home import home
from pipelines.tracking.address import BUSY_TIMEOUT_S, is_embedded, is_postgresql, tracking_uri
from sem_models.errors import UserError

_ACTIVE = "lifecycle_stage = 'active'"
_RUNS = f"""
SELECT run_uuid, name, experiment_id, status, start_time, end_time FROM runs
WHERE {_ACTIVE} AND experiment_id IN (SELECT experiment_id FROM experiments WHERE {_ACTIVE})
ORDER BY start_time DESC, run_uuid
"""  # noqa: S608  (our own text)
_RUN = "SELECT run_uuid, name, experiment_id, status, start_time, end_time FROM runs WHERE run_uuid = ?"
_PARAMS = "SELECT run_uuid, key, value FROM params"
_PARAM_COUNTS = "SELECT run_uuid, COUNT(*) FROM params GROUP BY run_uuid"
_DETAILS = "SELECT run_uuid, key, value FROM tags", "SELECT run_uuid, key, value, is_nan FROM latest_metrics"
_OF_ONE = " WHERE run_uuid = ?"
_TAGS_NAMED = "SELECT run_uuid, key, value FROM tags WHERE key IN ({keys}) AND run_uuid IN ({runs})"
_WORTH_ASKING_ALL = 20
"""So many queries for the parameters of one run take as long as one for those of all."""
# Ordered by step, SQLite uses the index of the curve; otherwise it would use the one that holds the curves of all runs.
_CURVE = "SELECT rowid, step, timestamp, value, is_nan FROM metrics WHERE run_uuid = ? AND key = ?"
_WHOLE, _NEW = f"{_CURVE} ORDER BY step", f"{_CURVE} AND rowid > ?"
# PostgreSQL does not number its rows: they are counted by step, which grows also where a clock is set back.
_COUNTED = """
SELECT step, timestamp, value, is_nan FROM metrics WHERE run_uuid = ? AND key = ?
ORDER BY step, timestamp, value OFFSET ?
"""
_VERSIONS = """
SELECT name, version, run_id, creation_time FROM model_versions WHERE current_stage <> 'Deleted_Internal'
ORDER BY name, version DESC
"""
_OF_VERSIONS = "SELECT name, version, key, value FROM model_version_tags"
_ALIASES = "SELECT name, version, alias FROM registered_model_aliases ORDER BY alias"
Rows = Sequence[Sequence[Any]]
Ask = Callable[..., Rows]
"""Takes a query with `?` for each of the values that follow it."""


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


@dataclass
class StoredVersion:
    """A version of a registered model as the store holds it."""

    name: str
    version: int
    run_id: str
    created_ms: int
    aliases: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


def has_database() -> bool:
    """Tell whether the store is the embedded one, and exists, or a PostgreSQL database."""
    return is_postgresql() or (is_embedded() and home().database.is_file())


class KnownParameters:
    """Parameters that were read before: they are most of what a store holds of its runs, and MLflow only adds to them.

    Those of a run are read again where their number has changed.
    """

    def __init__(self) -> None:
        self._of: dict[str, dict[str, str]] = {}

    def read(self, ask: Ask, runs: Collection[str]) -> Mapping[str, dict[str, str]]:
        """Return the parameters of all runs that are listed, by run id; those of other runs are forgotten."""
        counts = dict(map(tuple, ask(_PARAM_COUNTS)))
        known = self._of
        changed = [run_id for run_id in runs if counts.get(run_id, 0) != len(known.get(run_id, ()))]
        new: dict[str, dict[str, str]] = {run_id: {} for run_id in changed}
        if len(new) > _WORTH_ASKING_ALL:
            rows = ask(_PARAMS)
        else:
            rows = [row for run_id in new for row in ask(_PARAMS + _OF_ONE, run_id)]
        for run_id, key, text in rows:
            if run_id in new:
                new[run_id][key] = text
        self._of = {run_id: new.get(run_id) or known.get(run_id, {}) for run_id in runs}
        return self._of


@lru_cache(maxsize=4)
def _known_parameters(store: str) -> KnownParameters:  # noqa: ARG001  (each store has its own)
    return KnownParameters()


def read_runs() -> list[StoredRun]:
    """Read all runs that have not been deleted, newest first."""
    with _reading() as ask:
        runs = _runs(ask, ask(_RUNS))
        params = _known_parameters(tracking_uri()).read(ask, runs.keys())
        _fill(runs, *(ask(text) for text in _DETAILS))
    for run_id, run in runs.items():
        run.params = params[run_id]
    return list(runs.values())


def read_tags(run_ids: Sequence[str], keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read some tags of some runs, by run id; a run that does not exist, or has none of them, is left out."""
    found: dict[str, dict[str, str]] = {}
    marks = {"keys": ", ".join("?" * len(keys)), "runs": ", ".join("?" * len(run_ids))}
    with _reading() as ask:
        for run_id, key, text in ask(_TAGS_NAMED.format(**marks), *keys, *run_ids):
            found.setdefault(run_id, {})[key] = text
    return found


def read_run(run_id: str) -> StoredRun | None:
    """Read one run, deleted or not; None where there is none with that id."""
    with _reading() as ask:
        runs = _runs(ask, ask(_RUN, run_id))
        _fill(runs, *(ask(text + _OF_ONE, run_id) for text in _DETAILS))
        for run in runs.values():
            run.params = {key: text for _, key, text in ask(_PARAMS + _OF_ONE, run_id)}
    return runs.get(run_id)


def read_curve(run_id: str, key: str, after_row: int = 0) -> tuple[list[Point], int]:
    """Read the values of a metric that were stored after a row; return the last row as well.

    SQLite numbers rows as they are stored. In PostgreSQL a row is the place of a value among all that are stored now:
    what is stored later, but belongs before it, moves it.
    """
    with _reading() as ask:
        if not is_embedded():
            found = ask(_COUNTED, run_id, key, after_row)
            return [_point(row) for row in found], after_row + len(found)
        rows = ask(_NEW, run_id, key, after_row) if after_row else ask(_WHOLE, run_id, key)
    return [_point(row[1:]) for row in rows], max((row[0] for row in rows), default=after_row)


def read_versions() -> list[StoredVersion]:
    """Read all versions of all registered models, by name, the newest first within a model; three queries in all."""
    with _reading() as ask:
        rows, tags, aliases = ask(_VERSIONS), ask(_OF_VERSIONS), ask(_ALIASES)
    found = {
        (name, version): StoredVersion(name, version, run_id or "", created) for name, version, run_id, created in rows
    }
    for name, version, key, value in tags:
        if one := found.get((name, version)):
            one.tags[key] = value
    for name, version, alias in aliases:
        if one := found.get((name, version)):
            one.aliases.append(alias)
    return list(found.values())


def _point(row: Sequence[Any]) -> Point:
    step, time_ms, value, is_nan = row
    return Point(step, time_ms, _value(value, is_nan))


def _value(value: float, is_nan: bool) -> float:
    """Return a value of a metric; databases cannot hold one that is not a number, and MLflow writes 0 instead."""
    return math.nan if is_nan else float(value)


def _reading() -> contextlib.AbstractContextManager[Ask]:
    """Open the database for one look at it: all that is read belongs to one moment."""
    return _embedded() if is_embedded() else _postgresql()


@contextlib.contextmanager
def _embedded() -> Iterator[Ask]:
    """Open the file, which must exist."""
    address = f"{home().database.as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(address, BUSY_TIMEOUT_S, isolation_level=None, uri=True)) as database:
        database.execute("PRAGMA query_only = ON")
        database.execute("BEGIN")
        yield lambda query, *values: database.execute(query, values).fetchall()


@contextlib.contextmanager
def _postgresql() -> Iterator[Ask]:
    """Take one of the connections that MLflow holds open.

    Its driver is asked: SQLAlchemy makes an object of each row, which takes three times as long as all the rest.
    """
    from sqlalchemy.exc import DBAPIError

    from pipelines.tracking.store import engine

    pool = engine()
    driver = pool.dialect.loaded_dbapi
    try:
        with pool.connect() as connection:
            held = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with contextlib.closing(held.connection.cursor()) as cursor:

                def ask(query: str, *values: object) -> Rows:
                    cursor.execute(query.replace("?", "%s"), values or None)
                    found: Rows = cursor.fetchall()
                    return found

                yield ask
    except (DBAPIError, driver.Error) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise UserError(f"The tracking store does not answer: {' '.join(str(reason).split())}.") from error


def _runs(ask: Ask, rows: Rows) -> dict[str, StoredRun]:
    names: dict[int, str] = dict(map(tuple, ask("SELECT experiment_id, name FROM experiments")))
    return {
        run_id: StoredRun(run_id, name, names.get(experiment, ""), status, start, end, str(experiment))
        for run_id, name, experiment, status, start, end in rows
    }


def _fill(runs: Mapping[str, StoredRun], tags: Rows, metrics: Rows) -> None:
    """Hand out tags and metrics; rows of runs that are not listed are passed over."""
    rest: defaultdict[str, StoredRun] = defaultdict(lambda: StoredRun("", None, "", "", None, None), runs)
    for run_id, key, text in tags:
        rest[run_id].tags[key] = text
    for run_id, key, value, is_nan in metrics:
        rest[run_id].metrics[key] = _value(value, is_nan)
