"""Use case: make a study. Models are applied once, to whole images, as when they are scored."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipelines.data.find import find_dataset
from pipelines.models import ResolvedModel, resolve_model
from pipelines.study.definition import StudyCreateRequest, StudyDefinition, StudyKey
from pipelines.study.plan import Field, make_key
from pipelines.study.render import render
from pipelines.study.studies import list_studies
from pipelines.tracking.artifacts import put_files, put_text
from pipelines.tracking.datasets import attach_dataset
from pipelines.tracking.keys import Artifact, Experiment, Tag
from pipelines.tracking.runs import create_run, set_status
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.progress import Progress, silent
from sem_models.tasks.models import cases_for, has_counterparts


def create_study(request: StudyCreateRequest, progress: Progress = silent) -> str:
    """Make the pictures of a study and store them with definition and key; return the run that holds them.

    Raises:
        UserError: The name is taken, there is no such model or dataset, no reference, or there are too few crops.
    """
    if any(study.name == request.name for study in list_studies()):
        raise UserError(f"There is already a study {request.name!r}; choose another name.")
    dataset = find_dataset(request.dataset)
    models = [resolve_model(ref, request.baseline_scale) for ref in request.models]
    for resolved in models:
        _require_outputs(resolved, dataset)
    definition = _define(request, dataset, models)
    scale = max(resolved.model.capabilities.scale for resolved in models)
    sources = _source_fields(dataset, definition, models) if dataset.manifest.layout.is_unpaired else None
    key = make_key(definition, _fields(dataset, definition, models, sources is None), scale, sources)
    pictures = render(definition, key, dataset, models, progress)
    return _store(definition, key, dataset, pictures)


def _define(request: StudyCreateRequest, dataset: Dataset, models: Sequence[ResolvedModel]) -> StudyDefinition:
    labels = tuple(resolved.model.name for resolved in models)
    if len(set(labels)) < len(labels):
        raise UserError(f"Two of the models are the same ({', '.join(labels)}); name each once.")
    return StudyDefinition(
        **request.model_dump(),
        created=datetime.now(UTC),
        digest=dataset.digest,
        labels=labels,
        runs=tuple(resolved.run_id for resolved in models),
    )


def _fields(
    dataset: Dataset, definition: StudyDefinition, models: Sequence[ResolvedModel], divided: bool
) -> dict[str, Field]:
    """Return what all models can give; with `divided`, sizes are cut to what every scale divides."""
    scales = [resolved.model.capabilities.scale if divided else 1 for resolved in models]
    fields = {}
    for entry in dataset.entries(definition.split):
        if not entry.has(dataset.sharp_role):
            continue
        stored = entry.array(dataset.sharp_role)
        height, width = (min(size - size % scale for scale in scales) for size in stored.shape[:2])
        read = partial(dataset.unit, entry, dataset.sharp_role)
        fields[entry.name] = Field(height, width, stored.pixel_size_nm, read)
    return fields


def _require_outputs(resolved: ResolvedModel, dataset: Dataset) -> None:
    """Raise `UserError` where a model gives nothing that could be shown beside real images of the dataset."""
    if has_counterparts(resolved.model, dataset):
        cases_for(resolved.model, dataset, resolved.degradation)


def _source_fields(dataset: Dataset, definition: StudyDefinition, models: Sequence[ResolvedModel]) -> dict[str, Field]:
    """Return what all models can make of images of the first domain of an unpaired dataset.

    Raises:
        UserError: Models enlarge by different factors, and so show different magnifications of one image.
    """
    scales = {resolved.model.capabilities.scale for resolved in models}
    if len(scales) > 1:
        raise UserError("The models enlarge by different factors; make one study for each factor.")
    (scale,) = scales
    fields = {}
    for entry in dataset.entries(definition.split):
        if entry.has("input"):
            stored = entry.array("input")
            size = stored.pixel_size_nm / scale if stored.pixel_size_nm else None
            fields[entry.name] = Field(stored.shape[0] * scale, stored.shape[1] * scale, size)
    return fields


def _store(definition: StudyDefinition, key: StudyKey, dataset: Dataset, pictures: dict[str, bytes]) -> str:
    """Store everything in a run that stays SCHEDULED, and so is offered to nobody, until it is complete."""
    content = definition.model_dump(mode="json")
    params = {name: value for name, value in content.items() if name != "seed"}
    tags = {Tag.DATASET: definition.dataset, Tag.DATASET_DIGEST: definition.digest}
    run_id = create_run(Experiment.STUDIES, definition.name, "study", params, tags)
    put_text(run_id, Artifact.STUDY_DEFINITION, definition.model_dump_json(indent=1) + "\n")
    put_text(run_id, Artifact.STUDY_KEY, key.model_dump_json(indent=1) + "\n")
    with tempfile.TemporaryDirectory() as place:
        for name, content_png in pictures.items():
            (Path(place) / f"{name}.png").write_bytes(content_png)
        put_files(run_id, Artifact.STUDY_PICTURES, sorted(Path(place).iterdir()))
    attach_dataset(run_id, dataset, "evaluation")
    set_status(run_id, "FINISHED")
    return run_id
