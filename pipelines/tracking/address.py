"""Where the tracking store is; known without MLflow, which takes seconds to import."""

import os

from pipelines.home import home

BUSY_TIMEOUT_S = 60
PAGES = "SEM_MLFLOW_PAGES"
"""Environment variable with the address of MLflow's own pages."""


def tracking_uri() -> str:
    """Return `MLFLOW_TRACKING_URI` if set, else the SQLite file below the home folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home().database}?timeout={BUSY_TIMEOUT_S}"


def mlflow_page(experiment_id: str, run_id: str) -> str | None:
    """Return the address of a run on MLflow's own pages, in their classic view; None if nobody has said where they are.

    They are at the tracking server, or where `SEM_MLFLOW_PAGES` says, for an embedded store that `mlflow ui` serves.
    """
    uri = tracking_uri()
    served = os.environ.get(PAGES) or (uri if uri.startswith(("http://", "https://")) else "")
    if not served or not experiment_id:
        return None
    return f"{served.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}?workflowType=machine_learning"


def is_embedded() -> bool:
    """Tell whether the store is the one below the home folder, whose files lie beside it."""
    return tracking_uri().split("?")[0] == f"sqlite:///{home().database}"
