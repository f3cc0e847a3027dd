"""Use case: compare images with what remains after one model translates them and another translates them back."""

from dataclasses import dataclass

from pipelines.counts import counted
from pipelines.data.find import find_dataset
from pipelines.evaluate.keeper import keeper_of
from pipelines.evaluate.reports import save_report
from pipelines.evaluate.requests import RoundTripRequest
from pipelines.model_ref import ModelRef
from pipelines.models import ResolvedModel, resolve_model
from pipelines.tracking.datasets import attach_dataset
from pipelines.tracking.keys import Artifact
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Split
from sem_models.errors import FieldRef, UserError
from sem_models.evaluation.metrics.round_trip import round_trip as round_trip_scores
from sem_models.evaluation.statistics.intervals import Interval, cluster_interval
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent


@dataclass(frozen=True)
class RoundTrip:
    """Means over images, with intervals over specimens."""

    there: str
    back: str
    dataset: str
    split: Split
    role: Role
    """Role of the images that went there and back."""
    scores: dict[str, Interval]
    images: dict[str, dict[str, float]]
    """Scores by image."""


def round_trip(request: RoundTripRequest, progress: Progress = silent) -> tuple[RoundTrip, str | None]:
    """Translate the images of the first domain there and back; return the scores and the run of `there`, if any.

    Where `there` is the backward generator of a cycle, the images of the second domain of an unpaired set are used.

    Raises:
        UserError: There is no such model or dataset, a model enlarges or takes masks, or the split is empty.
    """
    dataset_name, split = request.dataset, request.split
    dataset = find_dataset(dataset_name)
    models = [_image_model(ref, dataset) for ref in (request.there, request.back)]
    go, come = (Predictor(model.model).predict_unit for model in models)
    role = _first_role(models[0], dataset)
    entries = [entry for entry in dataset.entries(split) if entry.has(role)]
    if not entries:
        what = f"Dataset {dataset_name!r} has no {role} image in its {split} split"
        raise UserError(f"{what}; choose another ", FieldRef("split"), ".")
    images: dict[str, dict[str, float]] = {}
    for index, entry in enumerate(entries):
        images[entry.name] = round_trip_scores(dataset.unit(entry, role), go, come)
        progress(index + 1, len(entries), "images there and back")
    groups = [entry.group for entry in entries]
    names = images[entries[0].name]
    scores = {name: cluster_interval([found[name] for found in images.values()], groups) for name in names}
    first, second = models
    result = RoundTrip(first.model.name, second.model.name, dataset_name, split, role, scores, images)
    run_id = keeper_of(first.run_id) if first.run_id else None
    if run_id:
        _store(first, run_id, result, dataset)
    return result, run_id


def _first_role(there: ResolvedModel, dataset: Dataset) -> Role:
    layout = dataset.manifest.layout
    return "target" if layout.is_unpaired and there.backward else layout.roles[0]


def _image_model(ref: ModelRef, dataset: Dataset) -> ResolvedModel:
    found = resolve_model(ref, scale=1)
    facts = found.model.capabilities
    if (facts.channels_in, facts.channels_out, facts.scale) != (1, 1, 1):
        raise UserError(
            f"{ref} takes {counted(facts.channels_in, 'channel')} and gives {facts.channels_out} at scale "
            f"{facts.scale}; a round trip over the grey images of {dataset.manifest.name!r} needs models of one "
            "channel and scale 1."
        )
    return found


def _store(there: ResolvedModel, run_id: str, result: RoundTrip, dataset: Dataset) -> None:
    means = {f"{Artifact.ROUND_TRIP}/{result.split}/{name}": score.mean for name, score in result.scores.items()}
    save_report(run_id, f"{Artifact.ROUND_TRIP}/{result.dataset}-{result.split}", result, means, there.direction)
    attach_dataset(run_id, dataset, "evaluation")
