"""Validation of tasks on label maps, on whole images of the validation split."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.config.recipe import Recipe
from sem_models.config.validation_scores import DICE, PSNR, ValidationScore
from sem_models.datasets.dataset import Dataset
from sem_models.evaluation.baselines.label_maps import class_means, majority
from sem_models.evaluation.metrics.segmentation import segmentation_scores
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.metrics.texture import histogram_distance, std_ratio
from sem_models.evaluation.restoration import make_case
from sem_models.evaluation.scorer import DATA_RANGE
from sem_models.images.display import coloured
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.reporter import Reporter
from sem_models.validation.base import validating

_PANEL_SAMPLES, _PANEL_PIXELS = 4, 512


class SegmentationValidator:
    """Scores Dice of each class against the masks, beside the baseline of the most frequent class everywhere."""

    score: ValidationScore = DICE

    def __init__(self, recipe: Recipe, dataset: Dataset, device: str) -> None:
        """Keep every image of the validation split, degraded the same way each time, with its mask."""
        self._device, self._classes = device, len(dataset.manifest.label_values)
        entries = dataset.entries("val")
        self._inputs = {e.name: make_case(dataset, e, recipe.degradation, 1).input for e in entries}
        self._masks = {e.name: np.array(dataset.array(e, "mask")[..., 0]) for e in entries}
        always = majority(dataset).index
        guesses = {name: np.full_like(mask, always) for name, mask in self._masks.items()}
        self._baseline = {f"val/floor_{name}": value for name, value in self._scores(guesses).items() if name == "dice"}

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """Return `val/dice`, its baseline, and `val/dice_K` of each class, means over images."""
        predictor = validating(model, self._device)
        found = {name: predictor.predict_unit(image).argmax(0) for name, image in self._inputs.items()}
        for name in list(found)[:_PANEL_SAMPLES]:
            panels = {"input": self._inputs[name].mean(axis=0)}
            panels |= {"output": shown(found[name]), "target": shown(self._masks[name])}
            reporter.sample(step, name, {panel: centre(image) for panel, image in panels.items()})
        scores = {f"val/{name}": value for name, value in self._scores(found).items() if name.startswith("dice")}
        return {**scores, **self._baseline}

    def _scores(self, found: dict[str, NDArray[Any]]) -> dict[str, float]:
        return _means([segmentation_scores(found[name], self._masks[name], self._classes) for name in found])


class SynthesisValidator:
    """Compares micrographs drawn from the masks with the real ones, beside the mean grey of each class."""

    score: ValidationScore = PSNR

    def __init__(self, dataset: Dataset, device: str) -> None:
        """Keep masks and images of the validation split."""
        self._device = device
        entries = dataset.entries("val")
        self._masks = {e.name: dataset.one_hot(e) for e in entries}
        self._real = {e.name: np.clip(dataset.unit(e, "image"), 0, 1) for e in entries}
        baseline = Predictor(class_means(dataset), "cpu")
        flat = {name: baseline.predict_unit(mask) for name, mask in self._masks.items()}
        self._baseline = {"val/floor_psnr_db": self._scores(flat)["val/psnr_db"]}

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """Return `val/psnr_db` with its baseline, `val/std_ratio` and `val/histogram_distance`, means over images."""
        predictor = validating(model, self._device)
        drawn = {name: np.clip(predictor.predict_unit(mask), 0, 1) for name, mask in self._masks.items()}
        for name in list(drawn)[:_PANEL_SAMPLES]:
            panels = {"input": shown(self._masks[name].argmax(0))}
            panels |= {"output": drawn[name].mean(axis=0), "target": self._real[name].mean(axis=0)}
            reporter.sample(step, name, {panel: centre(image) for panel, image in panels.items()})
        return {**self._scores(drawn), **self._baseline}

    def _scores(self, drawn: dict[str, UnitImage]) -> dict[str, float]:
        pairs = [(drawn[name].mean(axis=0), real.mean(axis=0)) for name, real in self._real.items()]
        scores = {"psnr_db": psnr_db, "std_ratio": std_ratio, "histogram_distance": histogram_distance}
        found = [{name: compute(*pair, DATA_RANGE) for name, compute in scores.items()} for pair in pairs]
        return {f"val/{name}": value for name, value in _means(found).items()}


def shown(classes: NDArray[Any]) -> UnitImage:
    """Return (H, W) class indices as (H, W, 3) float32 colours in [0, 1]."""
    return coloured(classes).astype(np.float32) / np.float32(255)


def centre(image: UnitImage) -> UnitImage:
    """Cut a panel of at most 512 px out of the centre of (H, W) or (H, W, 3)."""
    top, left = (max((size - _PANEL_PIXELS) // 2, 0) for size in image.shape[:2])
    return image[top : top + _PANEL_PIXELS, left : left + _PANEL_PIXELS]


def _means(scores: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each score over images; a score that no image has is left out."""
    names = [name for name in scores[0] if not all(np.isnan(score[name]) for score in scores)]
    return {name: float(np.nanmean([score[name] for score in scores])) for name in names}
