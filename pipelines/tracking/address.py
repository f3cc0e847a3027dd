"""Where the tracking store is; known without MLflow, which takes seconds to import."""

import os

from pipelines.home import home

BUSY_TIMEOUT_S = 60
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
"""Kinds of databases that MLflow opens without a server."""


def tracking_uri() -> str:
    """Return `MLFLOW_TRACKING_URI` if set, else the SQLite file below the home folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home().database}?timeout={BUSY_TIMEOUT_S}"


def is_embedded() -> bool:
    """Tell whether the store is the one below the home folder, whose files lie beside it."""
    return tracking_uri().split("?")[0] == f"sqlite:///{home().database}"


def is_database() -> bool:
    """Tell whether this process opens the database of the store itself, instead of asking a server over HTTP."""
    return _kind() in _DATABASES


def is_postgresql() -> bool:
    """Tell whether the store is a PostgreSQL database that this process opens itself."""
    return _kind() == "postgresql"


def _kind() -> str:
    """Return `postgresql` for `postgresql+psycopg://...`."""
    return tracking_uri().partition(":")[0].partition("+")[0]
