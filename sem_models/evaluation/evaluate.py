"""Scoring a model and its floors on whole images of one split."""

import hashlib
import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.data.dataset import Dataset
from sem_models.data.manifest import Entry, Split
from sem_models.errors import UserError
from sem_models.evaluation.floors import Bicubic, Identity
from sem_models.evaluation.metrics import METRICS
from sem_models.evaluation.perceptual import lpips_alex
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.features.weights import FeaturesUnavailable
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.physics.degradation import Degradation
from sem_models.physics.degrade import degrade
from sem_models.physics.downsampling import crop_to_multiple
from sem_models.progress import Progress, silent

Image = NDArray[np.float32]
DATA_RANGE = 1.0
"""Scores are computed in unit intensity: 1 is the span of the stored intensity range (255 grey levels of 8 bit)."""


def evaluate_model(
    model: UnitModel, dataset: Dataset, split: Split, degradation: Degradation, progress: Progress = silent
) -> EvaluationReport:
    """Per-image scores of `model`, bicubic and identity on whole images, the border of `scale` pixels left out.

    Args:
        model: On the device that the predictor chooses.
        dataset: Single images are degraded here, with a seed from their name; paired ones bring their input.
        split: Usually `test`.
        degradation: Its scale must be the model's.
        progress: Told after each image.
    """
    scale = model.capabilities.scale
    methods: list[UnitModel] = [model, *_floors(scale, model.name)]
    predictors = {method.name: Predictor(method) for method in methods}
    entries = dataset.entries(split)
    if not entries:
        raise UserError(f"Dataset {dataset.manifest.name!r} has no image in its {split} split.")
    score = _Scorer()
    rows: list[Row] = []
    for index, entry in enumerate(entries):
        low, sharp = input_and_target(dataset, entry, degradation, scale)
        for name, predictor in predictors.items():
            scores = score(_inner(predictor.predict_unit(low), scale), _inner(sharp, scale))
            rows.append(Row(method=name, image=entry.name, group=entry.group, scores=scores))
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


def describe_input(dataset: Dataset, degradation: Degradation) -> str:
    """Where the inputs come from, for tables and for telling whether two tables can be compared."""
    return "paired" if dataset.manifest.kind == "paired" else degradation.model_dump_json()


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def _floors(scale: int, besides: str) -> list[UnitModel]:
    floors: list[UnitModel] = [Bicubic(scale), Identity(scale)]
    return [floor for floor in floors if floor.name != besides]


def _inner(image: Image, border: int) -> Image:
    """(H, W) without the border; the mean over channels where there are several."""
    inner: Image = image[:, border:-border, border:-border].mean(axis=0)
    return inner


class _Scorer:
    """All metrics of one image pair; remembers once why a column is missing."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._lpips: Callable[[Image, Image, float], float] | None = lpips_alex

    def __call__(self, output: Image, target: Image) -> dict[str, float | None]:
        output, target = np.clip(output, 0, DATA_RANGE), np.clip(target, 0, DATA_RANGE)
        scores = {name: _or_none(metric.compute(output, target, DATA_RANGE)) for name, metric in METRICS.items()}
        return {**scores, "lpips_alex": self._perceptual(output, target)}

    def _perceptual(self, output: Image, target: Image) -> float | None:
        if self._lpips is None:
            return None
        try:
            return _or_none(self._lpips(output, target, DATA_RANGE))
        except FeaturesUnavailable as error:
            self.notes.append(f"LPIPS was not computed: {error}.")
            self._lpips = None
            return None


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
