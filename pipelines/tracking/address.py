"""Where the tracking store is; known without MLflow, which takes seconds to import."""

import os
from urllib.parse import urlsplit

from pipelines.home import home

BUSY_TIMEOUT_S = 60


def tracking_uri() -> str:
    """Return `MLFLOW_TRACKING_URI` if set, else the SQLite file below the home folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home().database}?timeout={BUSY_TIMEOUT_S}"


def is_embedded() -> bool:
    """Tell whether the store is the one below the home folder, whose files lie beside it."""
    return tracking_uri().split("?")[0] == f"sqlite:///{home().database}"


def public_address() -> str:
    """Return where the store is, as a page may show it: without the name and password of a database user."""
    if is_embedded():
        return str(home().database)
    parts = urlsplit(tracking_uri())
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
