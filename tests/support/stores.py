"""Stores written by an earlier version, and their content as MLflow shows it."""

import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

STORES = Path(__file__).resolve().parents[1] / "stores"


def unpack_store(commit: str, folder: Path) -> dict[str, Any]:
    """Unpack the store of a commit into a new `folder`; returns what that commit computed from it."""
    with tarfile.open(STORES / f"{commit}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    expected: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    return expected


def naming(database: Path, text: str) -> list[str]:
    """`TABLE.COLUMN` of all places in the database that contain the text."""
    found = []
    with closing(sqlite3.connect(database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for column in [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]:
                query = f"SELECT COUNT(*) FROM {table} WHERE instr(CAST({column} AS TEXT), ?)"  # noqa: S608
                if connection.execute(query, (text,)).fetchone()[0]:
                    found.append(f"{table}.{column}")
    return found


def shown_by_mlflow(home: Path, run_id: str, path: str, changed: pytest.MonkeyPatch) -> bytes:
    """A file as the server of MLflow's own interface sends it."""
    # MLflow's server names its store in the environment, where later tests of this process would find it.
    changed.setenv("MLFLOW_TRACKING_URI", "")
    changed.delenv("MLFLOW_TRACKING_URI")
    changed.setenv("_MLFLOW_SERVER_FILE_STORE", f"sqlite:///{home}/mlruns/mlflow.db")
    from mlflow.server import app, handlers

    changed.setattr(handlers, "_tracking_store", None)
    answer = app.test_client().get("/get-artifact", query_string={"run_uuid": run_id, "path": path})
    assert answer.status_code == 200, answer.data
    return answer.data
