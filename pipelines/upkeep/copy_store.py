"""Use case: copy the tracking store into another database; the files of runs stay where they are."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.home import Home, home, writable_home
from pipelines.jobs import queue
from pipelines.jobs.tasks import list_tasks
from pipelines.tracking.address import BUSY_TIMEOUT_S, is_database, is_embedded, tracking_uri
from pipelines.tracking.copying import copy_store as copy_database
from pipelines.tracking.place import SERVED, behind_server, here, served_address
from pipelines.upkeep.requests import CopyStoreRequest
from sem_models.errors import UserError

_DESK = "desk"


@dataclass(frozen=True)
class CopiedStore:
    """What was copied."""

    rows: int
    runs: int
    metrics: int
    models: int
    elsewhere: tuple[str, ...]
    """Addresses of files that do not lie below the home folder; they are as they were."""


def copy_store(request: CopyStoreRequest) -> CopiedStore:
    """Copy experiments, runs, metrics and registered models; the store itself stays as it is.

    Raises:
        UserError: Work is going on, the store is behind a server, or the target cannot be used.
    """
    place = writable_home()
    if not is_database():
        raise UserError(
            "MLFLOW_TRACKING_URI names a tracking server. Run this command on the machine of the server, with the "
            "address of its database in MLFLOW_TRACKING_URI."
        )
    _refuse_while_working()
    place.mlruns.mkdir(parents=True, exist_ok=True)
    target = _address_of(request.target, place)
    elsewhere: set[str] = set()
    rows = copy_database(target, _translation(request.files, place, elsewhere))
    return CopiedStore(
        rows=sum(rows.values()),
        runs=rows.get("runs", 0),
        metrics=rows.get("metrics", 0),
        models=rows.get("registered_models", 0),
        elsewhere=tuple(sorted(elsewhere)),
    )


def _refuse_while_working() -> None:
    busy = [job.run_id for job in queue.active_jobs()]
    busy += [task.task_id for task in list_tasks() if task.is_live]
    if busy:
        raise UserError(f"{', '.join(busy)} would go on in the store that is copied; wait for the end or cancel first.")


def _address_of(target: str, place: Home) -> str:
    address = f"sqlite:///{place.database}" if target == _DESK else target
    if not address.startswith(("sqlite:///", "postgresql")):
        raise UserError("The target must be the address of a PostgreSQL or SQLite database, or `desk`.")
    own = place.database if is_embedded() else tracking_uri()
    if address.partition("?")[0] in (tracking_uri().partition("?")[0], f"sqlite:///{own}"):
        raise UserError("The target is the present store; name another database.")
    return f"{address}?timeout={BUSY_TIMEOUT_S}" if target == _DESK else address


def _translation(files: str, place: Home, elsewhere: set[str]) -> Callable[[str], str]:
    """Return how an address of files is written in the copy; those that lie elsewhere are noted."""

    def translate(address: str) -> str:
        below_home = behind_server(here(address, place) if is_embedded() else address, place)
        served = served_address(below_home, place)
        if not served.startswith(SERVED):
            elsewhere.add(address)
            return address
        return served if files == "server" else below_home

    return translate


def next_steps(request: CopyStoreRequest) -> str:
    """Say what makes the copy the store."""
    if request.target == _DESK:
        return f"Unset MLFLOW_TRACKING_URI to use the copy, {home().database}."
    return (
        "Set MLFLOW_TRACKING_URI to this address, wherever the dashboard and the worker are started, to use the copy."
    )
