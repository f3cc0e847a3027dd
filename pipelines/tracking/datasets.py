"""Datasets in MLflow: by name, place and content digest, never as copies of the pixels."""

import warnings
from typing import get_args

from mlflow import data, entities

from pipelines.tracking.artifacts import put_json
from pipelines.tracking.keys import Artifact, Experiment, Tag, image_count_key
from pipelines.tracking.metrics import log_metrics
from pipelines.tracking.runs import create_run, list_runs, set_status
from pipelines.tracking.store import client
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Split

_DIGEST_LENGTH = 36
"""The longest digest that MLflow keeps; the whole one is in the tag `sem.dataset_digest`."""


def log_dataset(dataset: Dataset) -> str:
    """Log a run of kind `dataset` that holds the manifest, once for the same content; return the run id."""
    manifest = dataset.manifest
    tags = {Tag.DATASET: manifest.name, Tag.DATASET_DIGEST: dataset.digest}
    for run in list_runs(Experiment.DATASETS, "dataset"):
        if run.status == "FINISHED" and tags.items() <= dict(run.tags).items():
            return run.run_id
    params = {"kind": manifest.kind, "group_by": manifest.group_by, "seed": manifest.seed, "digest": dataset.digest}
    run_id = create_run(Experiment.DATASETS, manifest.name, "dataset", params, tags)
    put_json(run_id, Artifact.MANIFEST, manifest.model_dump(mode="json"))
    log_metrics(run_id, {image_count_key(split): len(dataset.entries(split)) for split in get_args(Split)})
    attach_dataset(run_id, dataset, "prepare")
    set_status(run_id, "FINISHED")
    return run_id


def attach_dataset(run_id: str, dataset: Dataset, context: str) -> None:
    """Name the dataset as an input of a run; `context` is `training`, `evaluation` or `prepare`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow finds one kind of source twice and says so each time
        source = data.dataset_source_registry.resolve_dataset_source(str(dataset.folder))
    # MLflow declares the class abstract, yet means it to be used.
    name, digest = dataset.manifest.name, dataset.digest[:_DIGEST_LENGTH]
    described = data.meta_dataset.MetaDataset(source=source, name=name, digest=digest)  # type: ignore[abstract]
    entry = entities.DatasetInput(described._to_mlflow_entity(), [entities.InputTag("mlflow.data.context", context)])
    client().log_inputs(run_id, [entry])
