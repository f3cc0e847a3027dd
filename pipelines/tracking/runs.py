"""Creating, finding and reading runs, always by explicit run id, never by a current run."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from filelock import FileLock
from mlflow.entities import Experiment, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from pipelines.home import writable_home
from pipelines.tracking.keys import Tag
from pipelines.tracking.store import artifact_root, client
from sem_models.errors import FieldRef, UserError
from sem_models.names import new_name, quoted, shown
from sem_models.suggestions import closest, one_of

Kind = Literal["training", "evaluation", "dataset", "study"]
Status = Literal["SCHEDULED", "RUNNING", "FINISHED", "FAILED", "KILLED"]
_PARAMETER_LENGTH = 6000
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

    @property
    def is_training(self) -> bool:
        """Whether it holds a model that was trained, or mixed from trained ones."""
        return self.kind == "training"


def create_run(experiment: str, name: str, kind: Kind, params: Mapping[str, Any], tags: Mapping[str, str]) -> str:
    """Create a run in state SCHEDULED; return its id."""
    store = client()
    own = {Tag.KIND: kind, **tags}
    run = store.create_run(_experiment_id(experiment), run_name=name, tags=own)
    run_id: str = run.info.run_id
    values = [Param(key, str(value)[:_PARAMETER_LENGTH]) for key, value in params.items()]
    store.log_batch(run_id, params=values)
    store.update_run(run_id, status="SCHEDULED")
    return run_id


def _experiment_id(name: str) -> str:
    store = client()
    with FileLock(_lock_path()):
        found = store.get_experiment_by_name(name)
        if found is None:
            name = _new_experiment(name)
            found = store.get_experiment_by_name(name)
        if found is None:
            created: str = store.create_experiment(name, artifact_location=artifact_root(name))
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
    try:
        run = client().get_run(run_id)
    except MlflowException as error:
        raise UserError(
            f"There is no run {quoted(run_id)} in this store; the Runs page lists all runs.{_similar_runs(run_id)}"
        ) from error
    return _info(run, {run.info.experiment_id: client().get_experiment(run.info.experiment_id).name})


def _similar_runs(text: str) -> str:
    """Suggest the newest runs whose id begins with the text, or is almost the same, or that have this name."""
    names: dict[str, str] = {}
    # A server that is away has no suggestions either.
    with contextlib.suppress(MlflowException):
        names = {run.run_id: run.name for run in list_runs()}
    begun = [run_id for run_id in names if len(text) >= _FEWEST_DIGITS and run_id.startswith(text)]
    called = [run_id for run_id, name in names.items() if name == text]
    found = (begun or closest(text, names, cutoff=0.8) or called)[:3]
    return f" Did you mean {one_of([f'{run_id} ({names[run_id]})' for run_id in found])}?" if found else ""


def list_runs(experiment: str | None = None, kind: Kind | None = None, limit: int = 200) -> list[RunInfo]:
    """List runs, newest first."""
    names = {e.experiment_id: e.name for e in _experiments() if experiment in (None, e.name)}
    if not names:
        return []
    text = f"tags.`{Tag.KIND}` = '{kind}'" if kind else ""
    found = client().search_runs(list(names), text, max_results=limit, order_by=["attributes.start_time DESC"])
    return [_info(run, names) for run in found]


def list_experiments() -> list[str]:
    """List the names of all experiments."""
    return [experiment.name for experiment in _experiments()]


def _experiments() -> list[Experiment]:
    return list(client().search_experiments(max_results=1000))


def set_status(run_id: str, status: Status, reason: str = "") -> None:
    """Write the state of a run; terminal states get an end time and, where it matters, a reason."""
    store = client()
    store.set_tag(run_id, Tag.REASON, reason)
    if status in ("SCHEDULED", "RUNNING"):
        store.update_run(run_id, status=status)
    else:
        store.set_terminated(run_id, status)


def set_tags(run_id: str, tags: Mapping[str, str]) -> None:
    """Write tags in one go."""
    client().log_batch(run_id, tags=[RunTag(key, str(value)) for key, value in tags.items()])


def run_warnings(run_id: str) -> list[str]:
    """List what the watch over a training has found, one line each with its step."""
    tags = get_run(run_id).tags
    return [text for key, text in sorted(tags.items()) if key.startswith(Tag.WARNING)]


def _info(run: Run, experiments: Mapping[str, str]) -> RunInfo:
    tags = run.data.tags
    status: Status = run.info.status if run.info.status in get_args(Status) else "FAILED"
    return RunInfo(
        run_id=run.info.run_id,
        name=run.info.run_name or run.info.run_id[:8],
        kind=tags.get(Tag.KIND, ""),
        experiment=experiments[run.info.experiment_id],
        status=status,
        params=run.data.params,
        tags=tags,
        metrics=run.data.metrics,
        started=_time(run.info.start_time),
        ended=_time(run.info.end_time),
    )


def _time(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
