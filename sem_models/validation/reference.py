"""Validation on whole images of the validation split, through the predictor that users use."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.evaluation.baselines.table import Bicubic
from sem_models.evaluation.evaluate import input_and_target
from sem_models.evaluation.metrics.table import psnr_db, ssim
from sem_models.evaluation.scorer import DATA_RANGE, Image
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.reporter import Reporter
from sem_models.tasks.label_maps import takes_labels
from sem_models.tasks.self_supervision import reference_of
from sem_models.validation.diffusion import DiffusionValidator
from sem_models.validation.label_maps import SegmentationValidator, SynthesisValidator
from sem_models.validation.panels import picture
from sem_models.validation.without_reference import BlindCheck, two_frame_scores, two_frames

PANEL_SAMPLES = 4


@dataclass(frozen=True)
class _Case:
    name: str
    input: Image
    baseline: Image
    target: Image


class Validator(Protocol):
    """What looks at a model between steps."""

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """Scores of `model`, means over images; the first images go to the reporter as panels."""


def open_validator(recipe: Recipe, dataset: Dataset, device: str) -> Validator:
    """Scores against the truth, where the dataset has one."""
    if recipe.method == "diffusion":
        return DiffusionValidator(recipe, dataset, device)
    if takes_labels(recipe):
        found = recipe.task == "segmentation"
        return SegmentationValidator(recipe, dataset, device) if found else SynthesisValidator(dataset, device)
    if dataset.manifest.kind == "unpaired":
        return UnpairedValidator(dataset, device)
    return ReferenceValidator(recipe, dataset, capabilities(recipe.network).scale, device)


class UnpairedValidator:
    """Images of the first domain have no truth: they are shown, and compared with nothing but themselves."""

    def __init__(self, dataset: Dataset, device: str) -> None:
        """Take every input of the validation split."""
        self._device = device
        entries = [entry for entry in dataset.entries("val") if entry.has("input")]
        self._inputs = {entry.name: dataset.unit(entry, "input") for entry in entries}

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """`val/input_correlation`, Pearson's, mean over images; below 0 light and dark are exchanged.

        It is no score of quality: 1 means that nothing was changed.
        """
        predictor = Predictor(model, self._device)
        outputs = {name: np.clip(predictor.predict_unit(low), 0, 1) for name, low in self._inputs.items()}
        for name in list(outputs)[:PANEL_SAMPLES]:
            panels = {"input": self._inputs[name], "output": outputs[name]}
            reporter.sample(step, name, {panel: picture(image) for panel, image in panels.items()})
        alike = [_correlation(self._inputs[name], output) for name, output in outputs.items()]
        return {"val/input_correlation": float(np.mean(alike))}


class ReferenceValidator:
    """Keeps inputs, targets and the baseline of the validation images; only the output is computed each time."""

    def __init__(self, recipe: Recipe, dataset: Dataset, scale: int, device: str) -> None:
        """Prepare every image of the validation split, degraded the same way each time.

        Where there is no clean reference, scores are those that can be had without (`noisy_validation`).
        """
        self._scale, self._device = scale, device
        self._reference = reference_of(recipe, dataset.manifest)
        baseline = Predictor(Bicubic(scale), "cpu")
        self._cases: list[_Case] = []
        for entry in dataset.entries("val"):
            if self._reference == "second frame":
                low, sharp = two_frames(dataset, entry)
            else:
                low, sharp = input_and_target(dataset, entry, recipe.degradation, scale)
            self._cases.append(_Case(entry.name, low, np.clip(baseline.predict_unit(low), 0, 1), sharp))
        if self._reference == "clean":
            self._baseline = self._scores([case.baseline for case in self._cases])
        if self._reference == "none" and recipe.blind_spot:
            self._blind = BlindCheck(recipe.blind_spot, [(case.name, case.input) for case in self._cases])

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """Scores of `model`, means over images; the first images go to the reporter as panels."""
        predictor = Predictor(model, self._device)
        outputs = [np.clip(predictor.predict_unit(case.input), 0, 1) for case in self._cases]
        for case, output in list(zip(self._cases, outputs, strict=True))[:PANEL_SAMPLES]:
            reporter.sample(step, case.name, self._panels(case, output))
        if self._reference == "second frame":
            found = zip(outputs, self._cases, strict=True)
            return two_frame_scores((output, case.input, case.target) for output, case in found)
        if self._reference == "none":
            return self._blind(predictor)
        psnr, similarity = self._scores(outputs)
        return {
            "val/psnr_db": psnr,
            "val/ssim": similarity,
            "val/floor_psnr_db": self._baseline[0],
            "val/floor_ssim": self._baseline[1],
        }

    def _scores(self, outputs: list[Image]) -> tuple[float, float]:
        border = self._scale
        pairs = [
            (
                output[:, border:-border, border:-border].mean(axis=0),
                case.target[:, border:-border, border:-border].mean(axis=0),
            )
            for output, case in zip(outputs, self._cases, strict=True)
        ]
        psnr = np.mean([psnr_db(output, np.clip(sharp, 0, 1), DATA_RANGE) for output, sharp in pairs])
        similarity = np.mean([ssim(output, np.clip(sharp, 0, 1), DATA_RANGE) for output, sharp in pairs])
        return float(psnr), float(similarity)

    def _panels(self, case: _Case, output: Image) -> dict[str, NDArray[np.float32]]:
        enlarged = case.input.repeat(self._scale, axis=1).repeat(self._scale, axis=2)
        panels = {"input": enlarged, "floor": case.baseline, "output": output, "target": case.target}
        if self._reference == "none":
            # The target would be the input again.
            del panels["target"]
        return {name: picture(image) for name, image in panels.items()}


def _correlation(a: Image, b: Image) -> float:
    """0 where one of them is flat, which numpy calls undefined."""
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
