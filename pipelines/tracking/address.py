"""Where the tracking store is; known without MLflow, which takes seconds to import."""

import os

from pipelines.home import home

BUSY_TIMEOUT_S = 60


def tracking_uri() -> str:
    """Return `MLFLOW_TRACKING_URI` if set, else the SQLite file below the home folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home().database}?timeout={BUSY_TIMEOUT_S}"


def is_embedded() -> bool:
    """Tell whether the store is the one below the home folder, whose files lie beside it."""
    return tracking_uri().split("?")[0] == f"sqlite:///{home().database}"
