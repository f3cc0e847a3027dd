"""Where the tracking store is; known without MLflow, which takes seconds to import. Its password is never shown."""

import os
import re
from urllib.parse import parse_qs, unquote, urlsplit

from pipelines.home import home

BUSY_TIMEOUT_S = 60
_SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
_NO_ACCOUNT = ("sqlite", "file")
"""Kinds of addresses that are paths, in which an @ means nothing."""
_ACCOUNT = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://[^\s'\"<>]*@")
_FEWEST_CHARACTERS = 4
"""Of a password that is looked for in texts; shorter ones would also hide half of all words."""
PAGES = "SEM_MLFLOW_PAGES"
"""Environment variable with the address of MLflow's own pages."""
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
"""Kinds of databases that MLflow opens without a server."""


def tracking_uri() -> str:
    """Return `MLFLOW_TRACKING_URI` if set, else the SQLite file below the home folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home().database}?timeout={BUSY_TIMEOUT_S}"


def public_address() -> str:
    """Return where the store is, as a page may show it: without name, password and options."""
    return str(home().database) if is_embedded() else without_secrets(tracking_uri().partition("?")[0])


def without_secrets(text: str) -> str:
    """Return a text that may be shown or logged: without accounts in addresses and without passwords of the store.

    Rather too much is cut than too little: a password may itself contain `@`.
    """
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, "***")
    return _ACCOUNT.sub(_without_account, text)


def _without_account(found: re.Match[str]) -> str:
    scheme = found["scheme"]
    return found[0] if scheme.lower() in _NO_ACCOUNT else f"{scheme}://"


def _secrets() -> set[str]:
    """Collect the passwords of the store, as they are written in its address and as they are meant."""
    uri = tracking_uri()
    options = parse_qs(uri.partition("?")[2])
    found = {os.environ.get(name, "") for name in _SECRETS} | set(options.get("password", ()))
    account = uri.partition("?")[0].partition("://")[2].rpartition("@")[0]
    if urlsplit(uri).scheme not in _NO_ACCOUNT:
        found |= {password := account.partition(":")[2], unquote(password)}
    return {secret for secret in found if len(secret) >= _FEWEST_CHARACTERS}


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


def is_database() -> bool:
    """Tell whether this process opens the database of the store itself, instead of asking a server over HTTP."""
    return _kind() in _DATABASES


def is_postgresql() -> bool:
    """Tell whether the store is a PostgreSQL database that this process opens itself."""
    return _kind() == "postgresql"


def _kind() -> str:
    """Return `postgresql` for `postgresql+psycopg://...`."""
    return tracking_uri().partition(":")[0].partition("+")[0]
