"""Validation where there is no clean image: what can honestly be said of an output then."""

from collections.abc import Iterable

import numpy as np
import torch

from sem_models.config.method_settings import BlindSpot
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.datasets.sampling.fixed_noise import frame_seed
from sem_models.evaluation.metrics.two_frames import psnr_of, two_frame_mse
from sem_models.evaluation.scorer import Image
from sem_models.images.intensity import IntensityRange, to_unit
from sem_models.inference.predictor import Predictor
from sem_models.methods.blind_mask import Places, at, draw_places, hide, stretches


def two_frames(dataset: Dataset, entry: Entry) -> tuple[Image, Image]:
    """Both (C, H, W) frames of a pair, in the scale of the first."""
    limits = IntensityRange(*entry.array("input").intensity)
    second = to_unit(dataset.array(entry, "target"), limits)
    return dataset.unit(entry, "input"), np.ascontiguousarray(second.transpose(2, 0, 1))


def two_frame_scores(cases: Iterable[tuple[Image, Image, Image]]) -> dict[str, float]:
    """Estimates from (output, first, second) frames, the errors averaged over images before the logarithm.

    A PSNR is left out where the estimated error is not above zero.
    """
    errors = np.array([(two_frame_mse(o, a, b), two_frame_mse(a, a, b)) for o, a, b in cases])
    mse, baseline = (float(value) for value in errors.mean(axis=0))
    scores = {
        "val/two_frame_mse": mse,
        "val/two_frame_psnr_db": psnr_of(mse),
        "val/floor_two_frame_psnr_db": psnr_of(baseline),
    }
    return {name: value for name, value in scores.items() if np.isfinite(value)}


class BlindCheck:
    """The squared error on hidden pixels of whole images, the same pixels each time.

    It contains the noise of those pixels, so it says which of two networks is better and not how good either is. The
    baseline is what stands in the place of the hidden pixels.
    """

    def __init__(self, settings: BlindSpot, inputs: Iterable[tuple[str, Image]]) -> None:
        """Hide pixels of each named (C, H, W) input, by its name."""
        self._cases: list[tuple[Image, torch.Tensor, Places]] = []
        baselines = []
        for name, image in inputs:
            noisy, generator = torch.from_numpy(image)[None], torch.Generator().manual_seed(frame_seed(name, "blind"))
            places = draw_places(1, image.shape[1], image.shape[2], settings.box, generator)
            hidden = hide(noisy, places, settings, generator)
            places = stretches(places, settings, image.shape[2])
            truth = at(noisy, places)
            self._cases.append((hidden[0].numpy(), truth, places))
            baselines.append(torch.mean((at(hidden, places) - truth) ** 2).item())
        self._baseline = float(np.mean(baselines))

    def __call__(self, predictor: Predictor) -> dict[str, float]:
        """Means over images."""
        errors = []
        for hidden, truth, places in self._cases:
            output = torch.from_numpy(predictor.predict_unit(hidden))[None]
            errors.append(torch.mean((at(output, places) - truth) ** 2).item())
        return {"val/blind_mse": float(np.mean(errors)), "val/floor_blind_mse": self._baseline}
