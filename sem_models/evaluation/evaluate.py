"""Scoring a model and its floors on whole images of one split."""

import hashlib

import torch

from sem_models.data.dataset import Dataset
from sem_models.data.manifest import Entry, Split
from sem_models.errors import UserError
from sem_models.evaluation.floors import Bicubic, Identity
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.evaluation.scorer import DATA_RANGE, Case, Image, Scorer
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.physics.degradation import Degradation
from sem_models.physics.degrade import degrade
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
    """Per-image scores of `model`, bicubic and identity on whole images, the border of `scale` pixels left out.

    Args:
        model: On the device that the predictor chooses.
        dataset: Single images are degraded here, with a seed from their name; paired ones bring their input.
        split: Usually `test`.
        degradation: Its scale must be the model's.
        progress: Told after each image.
        known: Rows of floors from an earlier evaluation on the same images; they are not computed again.
    """
    _require_reference(dataset, degradation)
    scale = model.capabilities.scale
    methods: list[UnitModel] = [model, *_floors(scale, model.name)]
    predictors = {method.name: Predictor(method) for method in methods}
    entries = dataset.entries(split)
    if not entries:
        raise UserError(f"Dataset {dataset.manifest.name!r} has no image in its {split} split.")
    score = Scorer()
    found = {(row.method, row.image): row for row in known if row.method != model.name}
    rows: list[Row] = []
    for index, entry in enumerate(entries):
        case = _case(dataset, entry, degradation, scale)
        for name, predictor in predictors.items():
            row = found.get((name, entry.name))
            if row is None:
                scores = score(predictor.predict_unit(case.low), case)
                row = Row(method=name, image=entry.name, group=entry.group, scores=scores)
            rows.append(row)
        progress(index + 1, len(entries), "images scored")
    return EvaluationReport(
        model=model.name,
        dataset=dataset.manifest.name,
        digest=dataset.digest,
        split=split,
        degradation=describe_input(dataset, degradation),
        data_range=DATA_RANGE,
        border_px=scale,
        rows=tuple(rows),
        notes=tuple(score.notes),
    )


def input_and_target(dataset: Dataset, entry: Entry, degradation: Degradation, scale: int) -> tuple[Image, Image]:
    """(C, h, w) input and (C, h x scale, w x scale) target in unit intensity."""
    sharp = dataset.unit(entry, dataset.sharp_role)
    if dataset.manifest.kind == "paired":
        low = dataset.unit(entry, "input")
        if tuple(size * scale for size in low.shape[1:]) != sharp.shape[1:]:
            raise UserError(f"{entry.name}: its input is not {scale} times smaller than its target; use another scale.")
        return low, sharp
    if degradation.scale != scale:
        raise UserError(
            f"The model enlarges {scale} times, but degradation.scale is {degradation.scale}; make them equal."
        )
    tensor = crop_to_multiple(torch.from_numpy(sharp)[None], scale)
    generator = torch.Generator().manual_seed(_seed(entry.name))
    return degrade(tensor, degradation, generator)[0].numpy(), tensor[0].numpy()


def _require_reference(dataset: Dataset, degradation: Degradation) -> None:
    """Against itself an image without simulated noise would make the identity perfect."""
    if dataset.manifest.kind != "paired" and degradation.is_empty:
        raise UserError(
            f"The model takes the images of {dataset.manifest.name!r} as they are, so there is no reference to score "
            "against; use `judge`, or a paired dataset."
        )


def _case(dataset: Dataset, entry: Entry, degradation: Degradation, scale: int) -> Case:
    low, sharp = input_and_target(dataset, entry, degradation, scale)
    downsampling = None if dataset.manifest.kind == "paired" else degradation.downsampling
    return Case(low, sharp, scale, downsampling, entry.array(dataset.sharp_role).pixel_size_nm)


def describe_input(dataset: Dataset, degradation: Degradation) -> str:
    """Where the inputs come from, for tables and for telling whether two tables can be compared."""
    if dataset.manifest.kind == "paired":
        return "paired"
    # Absent parts are not named, so that tables from before they existed can still be compared with.
    absent = {part for part in ("blur", "scan") if getattr(degradation, part) is None}
    return degradation.model_dump_json(exclude=absent)


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def _floors(scale: int, besides: str) -> list[UnitModel]:
    floors: list[UnitModel] = [Bicubic(scale), Identity(scale)]
    return [floor for floor in floors if floor.name != besides]
