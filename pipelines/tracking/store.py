"""The tracking store: an embedded SQLite file that is created once, or the server that MLFLOW_TRACKING_URI names."""

import contextlib
import logging
import os
import sqlite3
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

import sqlalchemy
from filelock import FileLock

os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")

from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.entities import PagedList

from pipelines.home import Home, home, writable_home
from pipelines.tracking.address import BUSY_TIMEOUT_S, is_database, is_embedded, tracking_uri
from pipelines.tracking.place import SERVED, behind_server, follow, here, served_address
from sem_models.errors import UserError

Item = TypeVar("Item")
_OWN_DEFAULT = sqlalchemy.text("""
UPDATE experiments SET artifact_location = :place
WHERE experiment_id = 0 AND artifact_location NOT LIKE '%/mlruns/artifacts/%' AND artifact_location NOT LIKE :served
AND NOT EXISTS (SELECT 1 FROM runs WHERE experiment_id = 0)
""")
_ANSWER_WITHIN_S = 10
warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\.")
for _name in ("alembic", "mlflow"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def client() -> MlflowClient:
    """Return a client of the store, which exists once this returns.

    Raises:
        UserError: The database of the store does not answer, or its driver is missing.
    """
    uri = tracking_uri()
    if is_database():
        _create_once(writable_home(), uri)
    return _client(uri)


@lru_cache(maxsize=4)
def _client(uri: str) -> MlflowClient:
    return MlflowClient(uri, registry_uri=uri)


def open_database(uri: str) -> MlflowClient:
    """Return a client of another database, whose tables exist once this returns.

    Raises:
        UserError: It does not answer, or its driver is missing.
    """
    _require_answer(uri)
    opened = MlflowClient(uri, registry_uri=uri)
    opened.search_experiments(max_results=1)
    return opened


def engine() -> sqlalchemy.Engine:
    """Return the connections to the database of the store, which this process must open itself."""
    return cast(sqlalchemy.Engine, client()._tracking_client.store.engine)


@lru_cache(maxsize=16)
def _create_once(place: Home, uri: str) -> None:
    """Create and migrate the database under a file lock: several processes may start on a fresh folder at once.

    Write-ahead logging is set once; it stays in the file and lets readers go on while a training writes.
    """
    place.mlruns.mkdir(parents=True, exist_ok=True)
    with FileLock(place.mlruns / ".init.lock"):
        if is_embedded():
            follow(place)
        elif not uri.startswith("sqlite"):
            _require_answer(uri)
        opened = _client(uri)
        opened.search_experiments(max_results=1)
        if is_embedded():
            with contextlib.closing(sqlite3.connect(place.database, timeout=BUSY_TIMEOUT_S)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
        with opened._tracking_client.store.engine.begin() as database:
            # MLflow's own experiment gets the folder in which this process happens to have started.
            database.execute(_OWN_DEFAULT, {"place": artifact_root("Default"), "served": f"{SERVED}%"})


def _require_answer(uri: str) -> None:
    """Raise `UserError` where a database does not answer; MLflow itself would go on trying for two hours."""
    address = sqlalchemy.make_url(uri)
    shown = address.set(query={}).render_as_string(hide_password=True)
    try:
        timed = {"connect_timeout": _ANSWER_WITHIN_S} if address.get_backend_name() == "postgresql" else {}
        trial = sqlalchemy.create_engine(uri, connect_args=timed, poolclass=sqlalchemy.NullPool)
        with trial.connect():
            return
    except ImportError as error:
        raise UserError(
            f"The tracking store {shown} needs the Python package {error.name}; install it, for PostgreSQL with "
            "pip install 'sem-workbench[lab]'."
        ) from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        raise UserError(
            f"The tracking store {shown} does not answer: {reason}. Start the database, or correct the address in the "
            "environment variable MLFLOW_TRACKING_URI."
        ) from error


def all_pages(ask: Callable[[str | None], PagedList[Item]]) -> list[Item]:
    """Collect the pages of a list; `ask` gets the token of each, None for the first."""
    page = ask(None)
    found = list(page)
    while page.token:
        page = ask(page.token)
        found += page
    return found


def artifact_root(experiment: str) -> str | None:
    """Return the folder of a new experiment below the home folder; None where a server decides.

    For a database without a server, such as PostgreSQL, MLflow would choose the folder in which this process started.
    """
    folder: Path = home().artifacts / experiment
    return folder.as_uri() if is_database() else None


def address_of_new(experiment: str) -> str | None:
    """Return where a new experiment keeps its files, as everybody who uses the store can find them.

    The experiment with which MLflow begins a database tells whether a tracking server stands before it: it then sends
    the files below the home folder to those who do not see that folder.
    """
    root = artifact_root(experiment)
    if root is None or is_embedded():
        return root
    first = client().get_experiment("0").artifact_location
    return served_address(root, home()) if first.startswith(SERVED) else root


def artifacts_at(address: str) -> ArtifactRepository:
    """Open the files at a stored address, which in an embedded store lie below the present home folder.

    So do those that a tracking server before the same database would send.
    """
    if is_embedded():
        address = here(address, home())
    elif is_database():
        address = behind_server(address, home())
    return get_artifact_repository(address, tracking_uri=tracking_uri())


def artifacts_of(run_id: str) -> ArtifactRepository:
    """Open the files of a run."""
    return artifacts_at(stored_address(run_id))


def stored_address(run_id: str) -> str:
    """Return the address of the files of a run, as the store has it."""
    return _address(tracking_uri(), run_id)


@lru_cache(maxsize=1024)
def _address(uri: str, run_id: str) -> str:  # noqa: ARG001  (stores may hold different runs of one id: copies)
    return str(client().get_run(run_id).info.artifact_uri)


def in_quotes(name: str) -> str:
    """Write a name for MLflow's query language; models that were registered elsewhere may contain an apostrophe."""
    return f'"{name}"' if "'" in name else f"'{name}'"
