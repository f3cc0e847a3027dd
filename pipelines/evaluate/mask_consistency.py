"""Use case: test whether a segmentation network trained on real images finds the masks in generated ones."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from pipelines.data.find import find_dataset
from pipelines.evaluate.keeper import keeper_of
from pipelines.evaluate.leakage import refuse_leakage
from pipelines.evaluate.reports import save_report
from pipelines.evaluate.requests import MaskConsistencyRequest
from pipelines.predict.label_models import LabelModel, label_model, refuse_synthetic, require_classes
from pipelines.tracking.datasets import attach_dataset
from pipelines.tracking.keys import Artifact
from sem_models.config.intensity import IntensityLimits
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Split
from sem_models.errors import FieldRef, UserError
from sem_models.evaluation.baselines.label_maps import class_means, majority
from sem_models.evaluation.grey_levels import shared_limits, unit_output
from sem_models.evaluation.mask_consistency import (
    GENERATED,
    MAJORITY,
    MEANS,
    REAL,
    Drawn,
    MaskConsistency,
    mask_consistency,
)
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent
from sem_models.tasks.segmentation import SEGMENTATION
from sem_models.tasks.synthesis import SYNTHESIS

_SHORT = {GENERATED: "generated", REAL: "real", MAJORITY: "floor_majority", MEANS: "floor_means"}
"""Names in MLflow, which does not allow brackets."""


def score_mask_consistency(request: MaskConsistencyRequest, progress: Progress = silent) -> tuple[MaskConsistency, str]:
    """Draw images from the masks of a split, segment them, compare; return the table and the run that keeps it.

    The table is kept with the run of the synthesiser.

    Raises:
        UserError: There is no such model or dataset, the classes differ, the segmenter was trained on generated images,
            or a model was trained on an image of the split.
    """
    dataset_name, split = request.dataset, request.split
    dataset = find_dataset(dataset_name)
    if not dataset.manifest.layout.has_masks:
        kind = FieldRef("kind", "masked")
        raise UserError(f"Dataset {dataset_name!r} has no masks to draw from; prepare it with ", kind, ".")
    draws, finds = label_model(request.synthesiser, SYNTHESIS), label_model(request.segmenter, SEGMENTATION)
    for model in (draws, finds):
        require_classes(model, dataset.manifest.label_values, f"dataset {dataset_name!r}")
        refuse_leakage(model, dataset, split)
    refuse_synthetic(finds)
    report = mask_consistency(
        partial(unit_output, Predictor(finds.model)),
        _drawn(draws, dataset, split, progress),
        dataset.manifest.label_values,
        majority(dataset).index,
    )
    report = report.model_copy(update={"notes": _notes(report, draws, finds, dataset_name, split)})
    run_id = keeper_of(draws.run_id)
    _store(run_id, report, f"{dataset_name}-{split}-{finds.run_id[:8]}", split)
    attach_dataset(run_id, dataset, "evaluation")
    return report, run_id


def _drawn(draws: LabelModel, dataset: Dataset, split: Split, progress: Progress) -> Iterator[Drawn]:
    entries = dataset.entries(split)
    if not entries:
        raise UserError(f"Dataset {dataset.manifest.name!r} has no image in its {split} split.")
    draw, flat = Predictor(draws.model), Predictor(class_means(dataset))
    for index, entry in enumerate(entries):
        one_hot = dataset.one_hot(entry)
        limits = shared_limits(dataset, (entry, "image"), (entry, "image")) or IntensityLimits()
        images = {
            GENERATED: unit_output(draw, one_hot, IntensityLimits(output=limits.output)),
            REAL: dataset.unit(entry, "image"),
            MEANS: flat.predict_unit(one_hot),
        }
        clipped = {name: np.clip(image, 0, 1) for name, image in images.items()}
        mask, seen = dataset.array(entry, "mask")[..., 0], IntensityLimits(input=limits.input)
        yield Drawn(entry.name, entry.group, mask, clipped, seen)
        progress(index + 1, len(entries), "masks drawn and segmented")


def _notes(report: MaskConsistency, draws: LabelModel, finds: LabelModel, name: str, split: Split) -> tuple[str, ...]:
    named = ", ".join(f"class {index} is label {value}" for index, value in enumerate(report.labels))
    notes = [f"{draws.model.name} on the masks of {name!r}, {split} split, segmented by {finds.model.name}; {named}."]
    generated, real, flat = (report.interval(method, "dice").mean for method in (GENERATED, REAL, MEANS))
    if report.is_saturated:
        notes.append(
            f"The score is saturated: flat greys without any texture reach {flat:.3f}, the real images {real:.3f}. It "
            "cannot tell good drawings from better ones here; it only reveals drawings that ignore their mask."
        )
    if generated > real:
        notes.append(
            "Masks are found better in the drawings than in real images: the drawings are clearer than nature, which "
            "is not a sign of realism."
        )
    return tuple(notes)


def _store(run_id: str, report: MaskConsistency, name: str, split: Split) -> None:
    means = {
        f"{Artifact.MASK_CONSISTENCY}/{split}/{_SHORT[method]}_{metric}": report.interval(method, metric).mean
        for method in report.methods
        for metric in report.metrics
    }
    save_report(run_id, f"{Artifact.MASK_CONSISTENCY}/{name}", report, means)
