"""Scoring of tasks with masks: a segmentation against the mask, a synthetic micrograph against the real one."""

import numpy as np

from sem_models.config.degradation import Degradation
from sem_models.config.intensity import IntensityLimits
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.errors import UserError
from sem_models.evaluation.baselines.label_maps import class_means, majority
from sem_models.evaluation.benchmark import Benchmark
from sem_models.evaluation.metrics.segmentation import segmentation_scores
from sem_models.evaluation.restoration import make_case
from sem_models.evaluation.scorer import Case, Scorer, Scores
from sem_models.images.intensity import UnitImage


def segmentation_benchmark(dataset: Dataset, labels: tuple[int, ...], degradation: Degradation) -> Benchmark:
    """Return the benchmark of segmentations against masks, edges included, beside the most frequent training class.

    Args:
        dataset: A dataset with masks.
        labels: Raw value of each class that the model knows.
        degradation: Forward model of the images that the model is given.

    Raises:
        UserError: The classes are not those of the model.
    """
    require_labels(dataset, labels)

    def case_of(entry: Entry) -> Case:
        image = make_case(dataset, entry, degradation, 1)
        limits = IntensityLimits(input=image.limits.input) if image.limits else None
        size = image.pixel_size_nm
        return Case(image.input, dataset.one_hot(entry), 1, image.downsampling, size, limits=limits)

    return Benchmark(
        dataset=dataset,
        case_of=case_of,
        scorer=_ClassScorer(),
        baselines=[majority(dataset)],
        inputs=degradation.model_dump_json(exclude_none=True),
        border_px=0,
        notes=(f"Classes: {_named(labels)}; dice and iou are means over them.",),
        gives_images=False,
    )


def synthesis_benchmark(dataset: Dataset, labels: tuple[int, ...], degradation: Degradation) -> Benchmark:
    """Return the benchmark of micrographs drawn from masks against the real ones, beside the mean grey of each class.

    Raises:
        UserError: The classes are not those of the model.
    """
    require_labels(dataset, labels)

    def case_of(entry: Entry) -> Case:
        image = make_case(dataset, entry, degradation, 1)
        limits = IntensityLimits(output=image.limits.output) if image.limits else None
        return Case(dataset.one_hot(entry), image.target, 1, None, image.pixel_size_nm, limits=limits)

    return Benchmark(
        dataset=dataset,
        case_of=case_of,
        scorer=Scorer(),
        baselines=[class_means(dataset)],
        inputs="masks",
        border_px=1,
        notes=(
            f"The input is the mask: {_named(labels)}. PSNR and SSIM expect the texture of the real image, which no "
            "mask determines; standard deviation and histogram show whether grey levels are those of a real image.",
        ),
    )


def require_labels(dataset: Dataset, labels: tuple[int, ...]) -> None:
    """Refuse a dataset whose classes are not those of the model."""
    known = dataset.manifest.label_values
    if not dataset.manifest.layout.has_masks or known != labels:
        raise UserError(
            f"The model knows masks with the labels {labels}, but {dataset.manifest.name!r} has {known or 'none'}; "
            "score on a masked dataset with the same labels."
        )


class _ClassScorer:
    """Computes Dice and IoU of (K, H, W) logits against a one-hot mask."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def __call__(self, whole: UnitImage, case: Case) -> Scores:
        scores = segmentation_scores(whole.argmax(0), case.target.argmax(0), len(case.target))
        return {name: value if np.isfinite(value) else None for name, value in scores.items()}


def _named(labels: tuple[int, ...]) -> str:
    return ", ".join(f"class {index} is label {value}" for index, value in enumerate(labels))
