"""Validation without clean images: what can be said about an output all the same."""

from collections.abc import Mapping

import numpy as np
import torch

from sem_models.config.method_settings import BlindSpot
from sem_models.config.validation_scores import BLIND_ERROR, INPUT_CORRELATION, TWO_FRAME_PSNR, ValidationScore
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.datasets.sampling.fixed_noise import frame_seed
from sem_models.evaluation.metrics.two_frames import psnr_of, two_frame_mse
from sem_models.evaluation.scorer import Case
from sem_models.images.intensity import IntensityRange, UnitImage, to_unit
from sem_models.inference.model import UnitModel, prediction_of
from sem_models.inference.predictor import Predictor
from sem_models.methods.blind_mask import Places, at, draw_places, hide, stretches
from sem_models.reporter import Reporter
from sem_models.validation.base import validating
from sem_models.validation.panels import picture
from sem_models.validation.reference import PANEL_SAMPLES, ReferenceValidator


def two_frames(dataset: Dataset, entry: Entry) -> Case:
    """Return both (C, H, W) frames of a pair, in the intensity scale of the first."""
    stored = entry.array("input")
    second = to_unit(dataset.array(entry, "target"), IntensityRange(*stored.intensity))
    target = np.ascontiguousarray(second.transpose(2, 0, 1))
    return Case(dataset.unit(entry, "input"), target, 1, None, stored.pixel_size_nm)


class TwoFrameValidator(ReferenceValidator):
    """Estimates the PSNR against the truth from two noisy frames with independent noise.

    Squared errors are averaged over images before the logarithm is taken.
    """

    score: ValidationScore = TWO_FRAME_PSNR

    def scores_of(self, outputs: Mapping[str, UnitImage], predictor: Predictor) -> dict[str, float]:
        """Return `val/two_frame_mse`, and `val/two_frame_psnr_db` if the estimated error is above zero."""
        errors = [two_frame_mse(output, self.cases[name].input, self.cases[name].target)
                  for name, output in outputs.items()]  # fmt: skip
        mse = float(np.mean(errors))
        return {"val/two_frame_mse": mse} | _finite({"val/two_frame_psnr_db": psnr_of(mse)})

    def baseline_of(self, baseline: Mapping[str, UnitImage]) -> dict[str, float]:
        """Return `val/floor_two_frame_psnr_db`, the estimate for the first frame as it is."""
        errors = [two_frame_mse(case.input, case.input, case.target) for case in self.cases.values()]
        return _finite({"val/floor_two_frame_psnr_db": psnr_of(float(np.mean(errors)))})


def _finite(scores: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if np.isfinite(value)}


class BlindValidator(ReferenceValidator):
    """Scores the squared error on hidden pixels of whole images, the same pixels each time.

    The error contains the noise of those pixels, so it ranks two networks but does not say how good either is. The
    baseline is the error of the values that replace the hidden pixels.
    """

    score: ValidationScore = BLIND_ERROR
    # Without "target", which would be the input again.
    panels = ("input", "floor", "output")

    def __init__(self, cases: Mapping[str, Case], scale: int, device: str, settings: BlindSpot) -> None:
        """Hide pixels of each input, chosen by a seed from its name."""
        self._hidden: list[tuple[UnitImage, torch.Tensor, Places]] = []
        errors = []
        for name, case in cases.items():
            image, generator = case.input, torch.Generator().manual_seed(frame_seed(name, "blind"))
            noisy = torch.from_numpy(image)[None]
            places = draw_places(1, image.shape[1], image.shape[2], settings.box, generator)
            hidden = hide(noisy, places, settings, generator)
            places = stretches(places, settings, image.shape[2])
            truth = at(noisy, places)
            self._hidden.append((hidden[0].numpy(), truth, places))
            errors.append(torch.mean((at(hidden, places) - truth) ** 2).item())
        self._baseline_error = float(np.mean(errors))
        super().__init__(cases, scale, device)

    def scores_of(self, outputs: Mapping[str, UnitImage], predictor: Predictor) -> dict[str, float]:
        """Return `val/blind_mse` of the prediction, mean over images: the posterior mean would use hidden values."""
        errors, blind = [], validating(prediction_of(predictor.model), self._device)
        for hidden, truth, places in self._hidden:
            output = torch.from_numpy(blind.predict_unit(hidden))[None]
            errors.append(torch.mean((at(output, places) - truth) ** 2).item())
        return {"val/blind_mse": float(np.mean(errors))}

    def baseline_of(self, baseline: Mapping[str, UnitImage]) -> dict[str, float]:
        """Return `val/floor_blind_mse`."""
        return {"val/floor_blind_mse": self._baseline_error}


class UnpairedValidator:
    """Shows outputs and compares them with their inputs, because images of the first domain have no truth."""

    score: ValidationScore = INPUT_CORRELATION

    def __init__(self, dataset: Dataset, device: str) -> None:
        """Load every input of the validation split."""
        self._device = device
        entries = [entry for entry in dataset.entries("val") if entry.has("input")]
        self._inputs = {entry.name: dataset.unit(entry, "input") for entry in entries}

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """Return `val/input_correlation`, Pearson's, mean over images; below 0 light and dark are exchanged.

        It does not measure quality: 1 means that nothing was changed.
        """
        predictor = validating(model, self._device)
        outputs = {name: np.clip(predictor.predict_unit(low), 0, 1) for name, low in self._inputs.items()}
        for name in list(outputs)[:PANEL_SAMPLES]:
            panels = {"input": self._inputs[name], "output": outputs[name]}
            reporter.sample(step, name, {panel: picture(image) for panel, image in panels.items()})
        correlations = [_correlation(self._inputs[name], output) for name, output in outputs.items()]
        return {"val/input_correlation": float(np.mean(correlations))}


def _correlation(a: UnitImage, b: UnitImage) -> float:
    """Return Pearson's correlation, 0 if one of the images is flat, where numpy gives NaN."""
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
