"""A home folder whose store has been created already: MLflow takes seconds to create one, and many tests need one."""

import shutil
import tempfile
from functools import cache
from pathlib import Path


def add_empty_store(home: Path) -> Path:
    """Put the database of an empty store into a home folder, as the first call of MLflow would; returns the folder."""
    (home / "mlruns").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_database(), home / "mlruns" / "mlflow.db")
    return home


@cache
def _database() -> Path:
    """Created by MLflow alone, so that our own settings of a new store are made in each home anew."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    folder = Path(tempfile.mkdtemp(prefix="sem-empty-store-"))
    store = SqlAlchemyStore(f"sqlite:///{folder}/mlflow.db", (folder / "artifacts").as_uri())
    store._dispose_engine()
    return folder / "mlflow.db"
