"""Everything that a store knows of runs and registered models, as plain records, and adding such records to a store."""

import contextlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from mlflow import MlflowException
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.store.tracking.dbmodels.models import SqlRun
from pydantic import BaseModel, ConfigDict

from pipelines.tracking.store import all_pages, artifact_root, artifacts_of, client, in_quotes

_Item = TypeVar("_Item")
_PAGE = 1000
_MOST_METRICS, _MOST_OTHERS = 1000, 100
"""MLflow's largest numbers of items in one call."""


class _Record(BaseModel):
    # A metric may be undefined; JSON has no NaN, and null would be read as nothing.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class InputRecord(_Record):
    """A dataset that a run used."""

    name: str
    digest: str
    source_type: str
    source: str
    schema_: str | None
    profile: str | None
    tags: dict[str, str]


class RunRecord(_Record):
    """One run without its metrics and files."""

    run_id: str
    name: str
    experiment: str
    status: str
    start_ms: int | None
    end_ms: int | None
    user: str
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, float]
    """The last value of each."""
    inputs: tuple[InputRecord, ...]


class MetricRow(NamedTuple):
    """One value of a metric."""

    metric: str
    step: int
    timestamp_ms: int
    value: float


class VersionRecord(_Record):
    """One version of a registered model."""

    name: str
    version: int
    run_id: str | None
    path: str | None
    """Folder of its files among those of its run; None if they lie elsewhere."""
    source: str
    description: str | None
    aliases: tuple[str, ...]
    tags: dict[str, str]


def run_records() -> Iterator[RunRecord]:
    """Yield all runs that have not been deleted."""
    store = client()
    experiments = all_pages(lambda token: store.search_experiments(max_results=_PAGE, page_token=token))
    for experiment in experiments:
        ids = [experiment.experiment_id]

        def page(token: str | None, ids: list[str] = ids) -> Any:
            return store.search_runs(ids, max_results=_PAGE, page_token=token)

        for run in all_pages(page):
            yield _run_record(run, experiment.name)


def metric_rows(record: RunRecord) -> Iterator[MetricRow]:
    """Yield all values of all metrics of a run, in the order in which they were stored."""
    for key in sorted(record.metrics):
        for point in client().get_metric_history(record.run_id, key):
            yield MetricRow(key, point.step, point.timestamp, point.value)


def version_records() -> list[VersionRecord]:
    """List all versions of all registered models, by name and number."""
    store, found = client(), []
    for model in all_pages(lambda token: store.search_registered_models(max_results=_PAGE, page_token=token)):
        for version in store.search_model_versions(f"name = {in_quotes(model.name)}", max_results=_PAGE):
            aliases = tuple(
                sorted(name for name, number in model.aliases.items() if str(number) == str(version.version))
            )
            found.append(
                VersionRecord(
                    name=model.name,
                    version=int(version.version),
                    run_id=version.run_id or None,
                    path=_inside(version.run_id, str(version.source)),
                    source=str(version.source),
                    description=version.description,
                    aliases=aliases,
                    tags=dict(version.tags),
                )
            )
    return sorted(found, key=lambda record: (record.name, record.version))


def has_run(run_id: str) -> bool:
    """Tell whether a run is in the store."""
    with contextlib.suppress(MlflowException):
        return client().get_run(run_id) is not None
    return False


def add_run(record: RunRecord, metrics: Iterable[MetricRow]) -> None:
    """Add a run under its own id, which only a store with a database of its own allows."""
    store = client()
    found = store.get_experiment_by_name(record.experiment)
    root = artifact_root(record.experiment)
    experiment_id = found.experiment_id if found else store.create_experiment(record.experiment, root)
    row = SqlRun(
        run_uuid=record.run_id,
        name=record.name,
        status=record.status,
        start_time=record.start_ms,
        end_time=record.end_ms,
        user_id=record.user,
        source_type="LOCAL",
        lifecycle_stage="active",
        artifact_uri=f"{root}/{record.run_id}/artifacts",
        experiment_id=int(experiment_id),
    )
    # MLflow's interface gives every run a new id, and results name the run that they come from.
    with store._tracking_client.store.ManagedSessionMaker(read_only=False) as session:
        session.add(row)
    for params in _batched(record.params.items(), _MOST_OTHERS):
        store.log_batch(record.run_id, params=[Param(*pair) for pair in params])
    for tags in _batched(record.tags.items(), _MOST_OTHERS):
        store.log_batch(record.run_id, tags=[RunTag(*pair) for pair in tags])
    for rows in _batched(metrics, _MOST_METRICS):
        points = [Metric(row.metric, row.value, row.timestamp_ms, row.step) for row in rows]
        store.log_batch(record.run_id, metrics=points)
    if record.inputs:
        store.log_inputs(record.run_id, [_input(item) for item in record.inputs])


def add_versions(records: Iterable[VersionRecord]) -> None:
    """Add versions of registered models under their own numbers; models that are there already are left alone."""
    by_name: dict[str, list[VersionRecord]] = {}
    for record in records:
        by_name.setdefault(record.name, []).append(record)
    for name, versions in by_name.items():
        with contextlib.suppress(MlflowException):
            client().get_registered_model(name)
            continue
        _add_model(name, {record.version: record for record in versions})


def _add_model(name: str, versions: dict[int, VersionRecord]) -> None:
    store = client()
    store.create_registered_model(name)
    for number in range(1, max(versions) + 1):
        # MLflow counts; a number that was deleted is used up and deleted again.
        record = versions.get(number) or next(iter(versions.values()))
        store.create_model_version(name, _source(record), record.run_id, record.tags, description=record.description)
    for number in range(1, max(versions)):
        if number not in versions:
            store.delete_model_version(name, str(number))
    for number, record in versions.items():
        for alias in record.aliases:
            store.set_registered_model_alias(name, alias, str(number))


def _batched(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Yield lists of at most `size` items; `itertools.batched` is newer than Python 3.11."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _source(record: VersionRecord) -> str:
    if record.run_id is None or record.path is None:
        return record.source
    return f"{artifacts_of(record.run_id).artifact_uri}/{record.path}"


def _inside(run_id: str | None, source: str) -> str | None:
    """Return the path of a source among the files of its run."""
    if not run_id:
        return None
    _, found, path = source.partition(f"/{run_id}/artifacts/")
    return path if found else None


def _run_record(run: Run, experiment: str) -> RunRecord:
    info = run.info
    return RunRecord(
        run_id=info.run_id,
        name=info.run_name or "",
        experiment=experiment,
        status=info.status,
        start_ms=info.start_time,
        end_ms=info.end_time,
        user=info.user_id or "",
        params=dict(run.data.params),
        tags=dict(run.data.tags),
        metrics=dict(run.data.metrics),
        inputs=tuple(_input_record(item) for item in (run.inputs.dataset_inputs if run.inputs else ())),
    )


def _input_record(item: DatasetInput) -> InputRecord:
    known = item.dataset
    return InputRecord(
        name=known.name,
        digest=known.digest,
        source_type=known.source_type,
        source=known.source,
        schema_=known.schema,
        profile=known.profile,
        tags={tag.key: tag.value for tag in item.tags},
    )


def _input(record: InputRecord) -> DatasetInput:
    known = Dataset(
        record.name, record.digest, record.source_type, record.source, schema=record.schema_, profile=record.profile
    )
    return DatasetInput(known, [InputTag(*pair) for pair in record.tags.items()])
