"""Validation against references: whole images of the validation split, through the same predictor that users have."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sem_models.config.validation_scores import PSNR, ValidationScore
from sem_models.evaluation.baselines.table import Bicubic
from sem_models.evaluation.grey_levels import unit_output
from sem_models.evaluation.metrics.ssim import ssim
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.scorer import DATA_RANGE, Case
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.reporter import Reporter
from sem_models.validation.base import validating
from sem_models.validation.panels import picture

PANEL_SAMPLES = 4


class ReferenceValidator:
    """Scores outputs against targets; inputs, targets and the baseline are computed once and kept."""

    score: ValidationScore = PSNR
    panels: tuple[str, ...] = ("input", "floor", "output", "target")

    def __init__(self, cases: Mapping[str, Case], scale: int, device: str, baseline: UnitModel | None = None) -> None:
        """Take every image of the validation split, degraded the same way each time.

        Args:
            cases: Input and target of each image, by its name.
            scale: How many times the network enlarges.
            device: `cpu` or `cuda`.
            baseline: The baseline beside which the model is plotted; None: bicubic enlargement.
        """
        self.cases, self._scale, self._device = cases, scale, device
        predictor = Predictor(baseline or Bicubic(scale), "cpu")
        self._baseline = {name: _seen(predictor, case) for name, case in cases.items()}
        self.baseline_scores = self.baseline_of(self._baseline)

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """Return scores of `model`, means over images; the first images go to the reporter as panels."""
        predictor = validating(model, self._device)
        outputs = {name: _seen(predictor, case) for name, case in self.cases.items()}
        for name in list(outputs)[:PANEL_SAMPLES]:
            reporter.sample(step, name, self._pictures(name, outputs[name]))
        return {**self.scores_of(outputs, predictor), **self.baseline_scores}

    def scores_of(self, outputs: Mapping[str, UnitImage], predictor: Predictor) -> dict[str, float]:
        """Return `val/psnr_db` and `val/ssim`, without the border of `scale` pixels."""
        psnr, similarity = self._compared(outputs)
        return {"val/psnr_db": psnr, "val/ssim": similarity}

    def baseline_of(self, baseline: Mapping[str, UnitImage]) -> dict[str, float]:
        """Return the same scores of the baseline, as `val/floor_...`."""
        psnr, similarity = self._compared(baseline)
        return {"val/floor_psnr_db": psnr, "val/floor_ssim": similarity}

    def _compared(self, outputs: Mapping[str, UnitImage]) -> tuple[float, float]:
        pairs = [(self._inner(output), self._inner(self.cases[name].target)) for name, output in outputs.items()]
        psnr = np.mean([psnr_db(output, np.clip(sharp, 0, 1), DATA_RANGE) for output, sharp in pairs])
        similarity = np.mean([ssim(output, np.clip(sharp, 0, 1), DATA_RANGE) for output, sharp in pairs])
        return float(psnr), float(similarity)

    def _inner(self, image: UnitImage) -> UnitImage:
        """Return the mean over channels without the border, (H, W)."""
        inner: UnitImage = image[:, self._scale : -self._scale, self._scale : -self._scale].mean(axis=0)
        return inner

    def _pictures(self, name: str, output: UnitImage) -> dict[str, NDArray[np.float32]]:
        case = self.cases[name]
        recorded = case.input if case.recorded is None else case.recorded
        enlarged = recorded.repeat(self._scale, axis=1).repeat(self._scale, axis=2)
        images = {"input": enlarged, "floor": self._baseline[name], "output": output, "target": case.target}
        return {panel: picture(images[panel]) for panel in self.panels}


def _seen(predictor: Predictor, case: Case) -> UnitImage:
    """(C, H, W) output in the unit intensity of the target, without what lies outside of [0, 1]."""
    return np.clip(unit_output(predictor, case.input, case.limits), 0, 1)
