"""The tracking store: an embedded SQLite file that is created once, or the server that MLFLOW_TRACKING_URI names."""

import contextlib
import logging
import os
import sqlite3
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")

from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.db.db_types import DATABASE_ENGINES
from mlflow.store.entities import PagedList
from mlflow.tracking import MlflowClient

from pipelines.home import Home, home, writable_home
from pipelines.tracking.address import BUSY_TIMEOUT_S, is_embedded, tracking_uri
from pipelines.tracking.place import follow, here

Item = TypeVar("Item")
_OWN_DEFAULT = """
UPDATE experiments SET artifact_location = ?
WHERE experiment_id = 0 AND artifact_location NOT LIKE '%/mlruns/artifacts/%'
AND NOT EXISTS (SELECT 1 FROM runs WHERE experiment_id = 0)
"""
warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\.")
for _name in ("alembic", "mlflow"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def client() -> MlflowClient:
    """Return a client of the store, which exists once this returns."""
    uri = tracking_uri()
    if uri.startswith("sqlite:///"):
        _create_once(writable_home())
    return _client(uri)


@lru_cache(maxsize=4)
def _client(uri: str) -> MlflowClient:
    return MlflowClient(uri, registry_uri=uri)


@lru_cache(maxsize=16)
def _create_once(place: Home) -> None:
    """Create and migrate the database under a file lock: several processes may start on a fresh folder at once.

    Write-ahead logging is set once; it stays in the file and lets readers go on while a training writes.
    """
    place.mlruns.mkdir(parents=True, exist_ok=True)
    with FileLock(place.mlruns / ".init.lock"):
        if is_embedded():
            follow(place)
        _client(tracking_uri()).search_experiments(max_results=1)
        if not is_embedded():
            return
        with contextlib.closing(sqlite3.connect(place.database, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            # MLflow's own experiment gets the folder in which this process happens to have started.
            connection.execute(_OWN_DEFAULT, (artifact_root("Default"),))
            connection.commit()


def all_pages(ask: Callable[[str | None], PagedList[Item]]) -> list[Item]:
    """Collect the pages of a list; `ask` gets the token of each, None for the first."""
    page = ask(None)
    found = list(page)
    while page.token:
        page = ask(page.token)
        found += page
    return found


def artifact_root(experiment: str) -> str | None:
    """Return where a new experiment keeps its files: below the home folder, unless a server decides.

    For a database without a server, such as PostgreSQL, MLflow would choose the folder in which this process started.
    """
    if tracking_uri().partition("+")[0].partition(":")[0] not in DATABASE_ENGINES:
        return None
    folder: Path = home().artifacts / experiment
    return folder.as_uri()


def artifacts_at(address: str) -> ArtifactRepository:
    """Open the files at a stored address, which in an embedded store lie below the present home folder."""
    uri = tracking_uri()
    return get_artifact_repository(here(address, home()) if is_embedded() else address, tracking_uri=uri)


def artifacts_of(run_id: str) -> ArtifactRepository:
    """Open the files of a run."""
    return artifacts_at(_address(tracking_uri(), run_id))


@lru_cache(maxsize=1024)
def _address(uri: str, run_id: str) -> str:  # noqa: ARG001  (stores may hold different runs of one id: copies)
    return str(client().get_run(run_id).info.artifact_uri)
