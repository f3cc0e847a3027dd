"""Scoring a model and its baselines on whole images of one split."""

import hashlib
from collections.abc import Callable

import torch

from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry, Split
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import baselines_for
from sem_models.evaluation.baselines.translation import translation_baselines
from sem_models.evaluation.label_cases import LabelTask, evaluate_labels
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.evaluation.rows import score_rows
from sem_models.evaluation.scorer import DATA_RANGE, Case, Image, Scorer
from sem_models.inference.label_maps import label_recipe
from sem_models.inference.model import UnitModel
from sem_models.physics.degrade import degrade_with_blur
from sem_models.physics.downsampling import crop_to_multiple
from sem_models.progress import Progress, silent


def evaluate_model(
    model: UnitModel,
    dataset: Dataset,
    split: Split,
    degradation: Degradation,
    progress: Progress = silent,
    known: tuple[Row, ...] = (),
) -> EvaluationReport:
    """Per-image scores of `model` and the baselines of its task on whole images, the border of `scale` pixels left out.

    Args:
        model: On the device that the predictor chooses.
        dataset: Single images are degraded here, with a seed from their name; paired ones bring their input.
        split: Usually `test`.
        degradation: Its scale must be the model's.
        progress: Told after each image.
        known: Rows of baselines from an earlier evaluation on the same images; they are not computed again.

    Raises:
        UserError: The dataset has no truth to compare with, the split is empty, or scales do not agree.
    """
    if recipe := label_recipe(model):
        return evaluate_labels(LabelTask(recipe, dataset, degradation, make_case), model, split, progress)
    case_of, scale = cases_for(model, dataset, degradation), model.capabilities.scale
    # Of pairs the forward model knows nothing, not even their scale.
    baselines = translation_baselines(model, dataset) or baselines_for(degradation.model_copy(update={"scale": scale}))
    methods: list[UnitModel] = [model, *(baseline for baseline in baselines if baseline.name != model.name)]
    score = Scorer()
    rows = score_rows(
        methods,
        dataset,
        split,
        case_of,
        lambda output, _, case: score(output, case),
        [row for row in known if row.method != model.name],
        progress,
    )
    return EvaluationReport(
        model=model.name,
        dataset=dataset.manifest.name,
        digest=dataset.digest,
        split=split,
        degradation=describe_input(dataset, degradation),
        data_range=DATA_RANGE,
        border_px=scale,
        rows=rows,
        notes=tuple(score.notes),
    )


def cases_for(model: UnitModel, dataset: Dataset, degradation: Degradation) -> Callable[[Entry], Case]:
    """What `model` is given of an entry, and the real image that its output should look like.

    Raises:
        UserError: The dataset has no such image, a segmentation gives none, or scales or classes do not agree.
    """
    if recipe := label_recipe(model):
        if recipe.task == "segmentation":
            raise UserError(f"{model.name} finds masks and gives no image; choose a model that does.")
        return LabelTask(recipe, dataset, degradation, make_case).case
    require_reference(dataset, degradation)
    return lambda entry: make_case(dataset, entry, degradation, model.capabilities.scale)


def require_reference(dataset: Dataset, degradation: Degradation) -> None:
    """Refuse datasets that say nothing about what an output should be."""
    name, kind = dataset.manifest.name, dataset.manifest.kind
    if kind == "unpaired":
        raise UserError(
            f"Dataset {name!r} is unpaired: its inputs have no reference to be scored against. Score on a paired set, "
            "or on single images, which are degraded by the recipe's forward model."
        )
    if kind != "paired" and degradation.is_empty:
        # Against itself an image without simulated noise would make the identity perfect.
        raise UserError(
            f"The model takes the images of {name!r} as they are, so there is no reference to score against; use "
            "`judge`, or a paired dataset."
        )


def input_and_target(dataset: Dataset, entry: Entry, degradation: Degradation, scale: int) -> tuple[Image, Image]:
    """(C, h, w) input and (C, h x scale, w x scale) target in unit intensity."""
    case = make_case(dataset, entry, degradation, scale)
    return case.input, case.target


def make_case(dataset: Dataset, entry: Entry, degradation: Degradation, scale: int) -> Case:
    """What a method is given of one entry and what it should give; the same each time, by a seed from its name.

    Raises:
        UserError: Scales of model, pair and forward model do not agree.
    """
    sharp = dataset.unit(entry, dataset.sharp_role)
    size = entry.array(dataset.sharp_role).pixel_size_nm
    if dataset.manifest.kind == "paired":
        low = dataset.unit(entry, "input")
        if tuple(size * scale for size in low.shape[1:]) != sharp.shape[1:]:
            raise UserError(f"{entry.name}: its input is not {scale} times smaller than its target; use another scale.")
        return Case(low, sharp, scale, None, size)
    if degradation.scale != scale:
        raise UserError(
            f"The model enlarges {scale} times, but degradation.scale is {degradation.scale}; make them equal."
        )
    return _simulated(sharp, entry.name, degradation, size)


def _simulated(sharp: Image, name: str, degradation: Degradation, pixel_size_nm: float | None) -> Case:
    tensor = crop_to_multiple(torch.from_numpy(sharp)[None], degradation.scale)
    generator = torch.Generator().manual_seed(_seed(name))
    low, blur = degrade_with_blur(tensor, degradation, generator)
    partial = degradation.blur is not None and degradation.blur.region == "partial" and degradation.scale == 1
    return Case(
        input=low[0].numpy(),
        target=tensor[0].numpy(),
        scale=degradation.scale,
        downsampling=degradation.downsampling,
        pixel_size_nm=pixel_size_nm,
        blur=blur[0].numpy() if partial and blur is not None else None,
    )


def describe_input(dataset: Dataset, degradation: Degradation) -> str:
    """Where the inputs come from, for tables and for telling whether two tables can be compared."""
    if dataset.manifest.kind == "paired":
        return "paired"
    # Absent parts are not named, so that tables from before they existed can still be compared with.
    absent = {part for part in ("blur", "scan") if getattr(degradation, part) is None}
    return degradation.model_dump_json(exclude=absent)


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
