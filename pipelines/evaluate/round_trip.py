"""Use case: compare images with what remains after one model translates them and another translates them back."""

from dataclasses import dataclass
from functools import partial

from pipelines.counts import counted
from pipelines.data.find import find_dataset
from pipelines.evaluate.keeper import keeper_of
from pipelines.evaluate.reports import save_report
from pipelines.evaluate.requests import RoundTripRequest
from pipelines.model_ref import ModelRef
from pipelines.models import ResolvedModel, resolve_model
from pipelines.tracking.datasets import attach_dataset
from pipelines.tracking.keys import Artifact
from sem_models.config.intensity import IntensityLimits
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry, Split
from sem_models.errors import FieldRef, UserError
from sem_models.evaluation.grey_levels import has_limits_for, unit_output
from sem_models.evaluation.metrics.round_trip import Translate
from sem_models.evaluation.metrics.round_trip import round_trip as round_trip_scores
from sem_models.evaluation.statistics.intervals import Interval, cluster_interval
from sem_models.inference.model import UnitModel, limits_of, recipe_of
from sem_models.inference.predictor import Predictor
from sem_models.inference.scaling import output_type
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
    there, back = (Predictor(model.model) for model in models)
    role = _first_role(models[0], dataset)
    entries = [entry for entry in dataset.entries(split) if entry.has(role)]
    if not entries:
        what = f"Dataset {dataset_name!r} has no {role} image in its {split} split"
        raise UserError(f"{what}; choose another ", FieldRef("split"), ".")
    images: dict[str, dict[str, float]] = {}
    for index, entry in enumerate(entries):
        go, come = _translations(there, back, _limits(there.model, dataset, entry, role))
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


def _limits(there: UnitModel, dataset: Dataset, entry: Entry, role: Role) -> IntensityLimits | None:
    """Return the limits of an image and of its translation; None if those of one of them are unknown."""
    if not dataset.manifest.limits(role):
        return None
    recorded, known = entry.array(role).limits, limits_of(there)
    if known is None:
        return None if recipe_of(there) else IntensityLimits(input=(recorded,), output=(recorded,))
    made = output_type(known, recorded.dtype)
    return IntensityLimits(input=(recorded,), output=(made,)) if made else None


def _translations(there: Predictor, back: Predictor, limits: IntensityLimits | None) -> tuple[Translate, Translate]:
    """Return both translations in unit intensity: grey levels stay the same from one model to the other.

    If the first model knows no such grey levels as those of the image, it takes 0 and 1 for what they are in the image,
    and so does the second one in its output.
    """
    returned = limits.swapped if limits else None
    if limits and not has_limits_for(there.model, limits):
        returned = IntensityLimits(input=limits.output)
    return partial(unit_output, there, limits=limits), partial(unit_output, back, limits=returned)


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
