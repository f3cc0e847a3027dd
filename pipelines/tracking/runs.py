"""Creating, finding and reading runs, always by explicit run id, never by a current run."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from filelock import FileLock

from pipelines.home import writable_home
from pipelines.people.acting import acting_person, may_be_told_of
from pipelines.people.audit import record
from pipelines.people.permissions import Ownership
from pipelines.people.person import Person
from pipelines.tracking.database import StoredRun, has_database, read_run, read_runs, read_tags
from pipelines.tracking.keys import Tag
from pipelines.tracking.opening import is_opening
from sem_models.errors import FieldRef, UserError
from sem_models.names import new_name, quoted, shown
from sem_models.suggestions import closest, one_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

Kind = Literal["training", "evaluation", "dataset", "study"]
Status = Literal["SCHEDULED", "RUNNING", "FINISHED", "FAILED", "KILLED"]
_YES, _NO = "yes", "no"
_NAME = "mlflow.runName"
"""The tag by which MLflow keeps the name of a run."""
_PARAMETER_LENGTH = 6000
_PAGE = 1000
_ATTEMPTS = 3
"""Runs asked for at once from a server."""
_FEWEST_DIGITS = 4
"""Of the beginning of an id that is worth a suggestion; tables show eight."""


@dataclass(frozen=True)
class RunInfo:
    """What a table or a page needs to know of a run."""

    run_id: str
    name: str
    kind: str
    experiment: str
    status: Status
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    """The last value of each."""
    started: datetime | None
    ended: datetime | None
    experiment_id: str = ""
    """Of the experiment in MLflow, for addresses there."""

    @property
    def is_training(self) -> bool:
        """Whether it holds a model that was trained, or mixed from trained ones."""
        return self.kind == "training"

    @property
    def devices(self) -> int:
        """On how many devices it is trained."""
        return int(self.tags.get(Tag.DEVICES, "1"))

    @property
    def ownership(self) -> Ownership:
        """Whose it is."""
        return _ownership(self.tags)


def _ownership(tags: Mapping[str, str]) -> Ownership:
    return Ownership(tags.get(Tag.OWNER, ""), tags.get(Tag.SHARED) == _YES)


def create_run(
    experiment: str,
    name: str,
    kind: Kind,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    by: Person | None = None,
) -> str:
    """Create a run in state SCHEDULED; return its id. It belongs to `by`, or to whom this process works for."""
    from mlflow import entities

    store, by = _client(), by or acting_person()
    own = {**tags, Tag.KIND: kind, **_owned_by(by)}
    run_id = _created(store, _experiment_id(experiment), name, own)
    values = [entities.Param(key, str(value)[:_PARAMETER_LENGTH]) for key, value in params.items()]
    store.log_batch(run_id, params=values)
    store.update_run(run_id, status="SCHEDULED")
    record(by, f"make {kind}", f"run {run_id}: {name}")
    return run_id


def _created(
    store: "MlflowClient", experiment_id: str, name: str, tags: dict[str, str], attempts: int = _ATTEMPTS
) -> str:
    """Create a run, waiting for the lock of an SQLite store as long as all other writers do.

    MLflow waits 20 s, whatever the address says. A refused attempt has stored nothing.
    """
    from mlflow import MlflowException

    try:
        run_id: str = store.create_run(experiment_id, run_name=name, tags=tags).info.run_id
    except MlflowException as error:
        if attempts == 1 or "database is locked" not in str(error):
            raise
        return _created(store, experiment_id, name, tags, attempts - 1)
    return run_id


def _owned_by(person: Person) -> dict[str, str]:
    owned = Ownership.of(person)
    return {Tag.OWNER: owned.owner, Tag.OWNER_NAME: person.name, Tag.SHARED: _YES if owned.shared else _NO}


def set_run_shared(run_id: str, shared: bool) -> None:
    """Let the lab see a run, or its owner alone."""
    set_tags(run_id, {Tag.SHARED: _YES if shared else _NO})


def _client() -> "MlflowClient":
    # MLflow takes seconds to import, and the runs of an embedded store can be read without it.
    from pipelines.tracking.store import client

    return client()


def _experiment_id(name: str) -> str:
    from pipelines.tracking.store import address_of_new

    store = _client()
    with FileLock(_lock_path()):
        found = store.get_experiment_by_name(name)
        if found is None:
            name = _new_experiment(name)
            found = store.get_experiment_by_name(name)
        if found is None:
            created: str = store.create_experiment(name, artifact_location=address_of_new(name))
            return created
        if found.lifecycle_stage == "deleted":
            raise UserError(f"Experiment {name!r} was deleted in MLflow; restore it there or choose another name.")
        experiment_id: str = found.experiment_id
        return experiment_id


def _new_experiment(name: str) -> str:
    try:
        return new_name(name)
    except ValueError as error:
        raise UserError(FieldRef("experiment"), f" {shown(name)}: {error}.") from error


def _lock_path() -> str:
    place = writable_home()
    place.mlruns.mkdir(parents=True, exist_ok=True)
    return str(place.mlruns / ".experiments.lock")


def get_run(run_id: str) -> RunInfo:
    """Read one run; raise `UserError` where there is none with that id."""
    found = read_run(run_id) if is_readable() else _run_of_server(run_id)
    if found is None:
        raise UserError(
            f"There is no run {quoted(run_id)} in this store; the Runs page lists all runs.{_similar_runs(run_id)}"
        )
    return _info(found)


@dataclass(frozen=True)
class RunLabel:
    """How a run is called, and whose it is."""

    name: str
    ownership: Ownership


def find_labels(run_ids: Sequence[str]) -> dict[str, RunLabel]:
    """Return names and owners of some runs, by run id, in one query; those that do not exist are left out."""
    tags: dict[str, dict[str, str]]
    if not run_ids:
        return {}
    if is_readable():
        tags = read_tags(run_ids, (Tag.KIND, Tag.OWNER, Tag.SHARED, _NAME))  # every run has a kind
    else:
        found = [_run_of_server(run_id) for run_id in run_ids]
        tags = {run.run_id: run.tags for run in found if run}
    return {run_id: RunLabel(own.get(_NAME, run_id[:8]), _ownership(own)) for run_id, own in tags.items()}


def is_readable() -> bool:
    """Tell whether the database can be read directly; unless it is being opened already, it is opened before."""
    if not is_opening():
        _client()
    return has_database()


def _similar_runs(text: str) -> str:
    """Suggest the newest runs whose id begins with the text, or is almost the same, or that have this name."""
    from mlflow import MlflowException

    names: dict[str, str] = {}
    # A server that is away has no suggestions either.
    with contextlib.suppress(MlflowException):
        names = {run.run_id: run.name for run in list_runs() if may_be_told_of(run.ownership)}
    begun = [run_id for run_id in names if len(text) >= _FEWEST_DIGITS and run_id.startswith(text)]
    called = [run_id for run_id, name in names.items() if name == text]
    found = (begun or closest(text, names, cutoff=0.8) or called)[:3]
    return f" Did you mean {one_of([f'{run_id} ({names[run_id]})' for run_id in found])}?" if found else ""


def list_runs(experiment: str | None = None, kind: Kind | None = None) -> list[RunInfo]:
    """List all runs, newest first."""
    found = [_info(run) for run in (read_runs() if is_readable() else _runs_of_server())]
    return [run for run in found if experiment in (None, run.experiment) and kind in (None, run.kind)]


def _runs_of_server() -> list[StoredRun]:
    from pipelines.tracking.store import all_pages

    names = _experiment_names()
    order = ["attributes.start_time DESC"]
    search = _client().search_runs
    found = all_pages(lambda token: search(list(names), max_results=_PAGE, order_by=order, page_token=token))
    return [_stored(run, names) for run in found]


def _run_of_server(run_id: str) -> StoredRun | None:
    from mlflow import MlflowException

    try:
        run = _client().get_run(run_id)
    except MlflowException:
        return None
    return _stored(run, {run.info.experiment_id: _client().get_experiment(run.info.experiment_id).name})


def list_experiments() -> list[str]:
    """List the names of all experiments."""
    return list(_experiment_names().values())


def _experiment_names() -> dict[str, str]:
    """Map the id of each experiment to its name."""
    from pipelines.tracking.store import all_pages

    search = _client().search_experiments
    found = all_pages(lambda token: search(max_results=_PAGE, page_token=token))
    return {experiment.experiment_id: experiment.name for experiment in found}


def set_status(run_id: str, status: Status, reason: str = "") -> None:
    """Write the state of a run; terminal states get an end time and, where it matters, a reason."""
    store = _client()
    store.set_tag(run_id, Tag.REASON, reason)
    if status in ("SCHEDULED", "RUNNING"):
        store.update_run(run_id, status=status)
    else:
        store.set_terminated(run_id, status)


def set_tags(run_id: str, tags: Mapping[str, str]) -> None:
    """Write tags in one go."""
    from mlflow import entities

    _client().log_batch(run_id, tags=[entities.RunTag(key, str(value)) for key, value in tags.items()])


def run_warnings(run_id: str) -> list[str]:
    """List what the watch over a training has found, one line each with its step."""
    tags = get_run(run_id).tags
    return [text for key, text in sorted(tags.items()) if key.startswith(Tag.WARNING)]


def _stored(run: "Run", experiments: Mapping[str, str]) -> StoredRun:
    info, data = run.info, run.data
    started = info.run_id, info.run_name, experiments[info.experiment_id], info.status, info.start_time, info.end_time
    return StoredRun(*started, info.experiment_id, data.params, data.tags, data.metrics)


def _info(run: StoredRun) -> RunInfo:
    status: Status = cast(Status, run.status) if run.status in get_args(Status) else "FAILED"
    return RunInfo(
        run_id=run.run_id,
        name=run.name or run.run_id[:8],
        kind=run.tags.get(Tag.KIND, ""),
        experiment=run.experiment,
        status=status,
        params=run.params,
        tags=run.tags,
        metrics=run.metrics,
        started=_time(run.start_ms),
        ended=_time(run.end_ms),
        experiment_id=run.experiment_id,
    )


def _time(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
